import { Button, ButtonRow, Card, Choice, Form, Layout, List, Notice, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { ServedTerms } from '../deps.ts';
import type { OwnTerms } from './own-terms-store.ts';
import { titleOf } from './documents.ts';
import { TermsFields } from './terms-choice.tsx';

/** A newer version of a document that the owner uses. */
export interface Outdated {
  readonly newest: ServedTerms;
  /** How many apps are offered an older version. */
  readonly apps: number;
}

export interface TermsView {
  readonly own: OwnTerms;
  readonly choices: readonly ServedTerms[];
  readonly roster: readonly ServedTerms[];
  readonly outdated: readonly Outdated[];
  readonly saved: boolean;
  readonly problem: string | null;
}

export const SIGNERS_FIELD = 'signers';

/** The owner's terms: what they ask new Requesters to sign, and which documents there are. */
export function TermsPage({ own, choices, roster, outdated, saved, problem }: TermsView): VNode {
  return (
    <Layout
      title="My terms"
      lead={
        'What apps promise you about your data, and sign. ' +
        'A promise is recorded, for you and for them; nobody can enforce it by technical means.'
      }
    >
      {problem !== null && <Notice kind="bad">{problem}</Notice>}
      {saved && <Notice kind="good">Saved.</Notice>}
      {outdated.map(({ newest, apps }) => (
        <Notice key={newest.name} kind="needs">
          <p>
            There is a new version: <a href={`/terms/${newest.name}`}>{titleOf(newest)}</a>. It applies nowhere until
            you adopt it.
            {apps > 0 && ` Adopted for all, ${appsGet(apps)} no key from then on until they have signed it.`}
          </p>
          <Form action="/terms/adopt">
            <Button name="name" value={newest.name} kind="plain">
              Adopt {titleOf(newest)} for all
            </Button>
          </Form>
        </Notice>
      ))}
      <Card title="What you ask of new apps">
        <Form action="/terms">
          <TermsFields choices={choices} chosen={own.names} />
          <fieldset>
            <legend class="unseen">Apps that do not sign</legend>
            <Choice kind="checkbox" name={SIGNERS_FIELD} value="only" checked={own.signersOnly}>
              Deal only with apps that sign. Others get nothing, those that you connected before included.
            </Choice>
          </fieldset>
          <ButtonRow>
            <Button>Save</Button>
          </ButtonRow>
        </Form>
        <p>
          <small>You can choose otherwise for each app, when you connect it and on its own page later.</small>
        </p>
      </Card>
      <Card title="What there is">
        <List>
          {roster.map((one) => (
            <Row key={one.name} title={<a href={`/terms/${one.name}`}>{titleOf(one)}</a>} note={one.document.summary} />
          ))}
        </List>
      </Card>
    </Layout>
  );
}

const appsGet = (count: number): string => (count === 1 ? '1 app gets' : `${count} apps get`);
