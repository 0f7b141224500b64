import { Button, ButtonRow, Card, Choice, Choices as Fields, Form, Hidden, Layout, Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { type Choices, type Topic, TOPICS, type Way } from './notice.ts';
import { TurnOn, type TurnOnView } from './push/turn-on.tsx';

export interface NotificationsView {
  /** The confirmed address; null: there is none; undefined: this server sends no mail. */
  readonly address: string | null | undefined;
  readonly push: TurnOnView;
  readonly choices: Choices;
  readonly saved: boolean;
}

const TOPIC_WORDS: Readonly<Record<Topic, { label: string; hint: string }>> = {
  questions: {
    label: 'An app waits for my answer',
    hint: 'One message for all that come within a quarter of an hour.',
  },
  services: {
    label: 'A service of mine broke, and when it works again',
    hint: 'Also when one has not answered for a quarter of an hour.',
  },
};

/** The name of a checkbox in the form. */
export const choiceField = (way: Way, topic: Topic): string => `${way}:${topic}`;
/** The field for the channel that a form is about. */
export const WAY_FIELD = 'way';

/** What the owner is notified of, and how. */
export function NotificationsPage(view: NotificationsView): VNode {
  const { push, choices, saved } = view;
  return (
    <Layout
      title="Notifications"
      lead={
        'Off until you turn them on. They say that something waits and where, never a word of an app’s, ' +
        'and the link in them is of use to nobody but you, signed in here.'
      }
    >
      {saved && <Notice kind="good">Saved.</Notice>}
      <Card title="In browsers">
        <TurnOn {...push} />
        {push.count > 0 && <TopicsForm way="push" legend="Show one, when" choices={choices} />}
      </Card>
      <ByMail {...view} />
      <p>
        <a href="/account">Your account</a>
      </p>
    </Layout>
  );
}

function ByMail({ address, choices }: NotificationsView): VNode | null {
  if (address === undefined) return null;
  return (
    <Card title="By e-mail">
      {address === null ? (
        <p>
          You have not confirmed an e-mail address. <a href="/account/email">Add one</a>, then choose here what to be
          told of.
        </p>
      ) : (
        <TopicsForm way="mail" legend={`Send one to ${address}, when`} choices={choices} />
      )}
    </Card>
  );
}

function TopicsForm({ way, legend, choices }: { way: Way; legend: string; choices: Choices }): VNode {
  return (
    <Form action="/account/notifications">
      <Hidden fields={{ [WAY_FIELD]: way }} />
      <Fields legend={legend}>
        {TOPICS.map((topic) => (
          <Choice
            key={topic}
            kind="checkbox"
            name={choiceField(way, topic)}
            value="yes"
            checked={choices[topic].includes(way)}
            hint={TOPIC_WORDS[topic].hint}
          >
            {TOPIC_WORDS[topic].label}
          </Choice>
        ))}
      </Fields>
      <ButtonRow>
        <Button>Save</Button>
      </ButtonRow>
    </Form>
  );
}
