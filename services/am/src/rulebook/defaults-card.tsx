import type { FormParams } from '@chatelaine/protocol';
import { Button, ButtonRow, Card, Form, Notice, Radios } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { type Beginning, BEGINNINGS, type Defaults } from '../rules/defaults.ts';

/** The names of the form's fields. */
const FIELDS = { reading: 'reading', writing: 'writing', newServices: 'new_services' } as const;

const ANSWERS: readonly { value: Beginning; label: string }[] = [
  { value: 'no', label: 'Off' },
  { value: 'ask', label: 'Ask' },
  { value: 'allow', label: 'Allow' },
];

/** Reads the form; null if an answer is missing or unknown. */
export function readDefaultsForm(form: FormParams): Defaults | null {
  const given = (field: string) => BEGINNINGS.find((one) => one === form.get(field));
  const [reading, writing, newServices] = [given(FIELDS.reading), given(FIELDS.writing), given(FIELDS.newServices)];
  if (reading === undefined || writing === undefined || newServices === undefined) return null;
  return { reading, writing, newServices };
}

/** The defaults for new apps, with a form that changes them. */
export function DefaultsCard({ defaults, saved }: { defaults: Defaults; saved: boolean }): VNode {
  return (
    <Card title="What a new app begins with">
      {saved && <Notice kind="good">Saved. It is for apps that you connect from now on.</Notice>}
      <p>
        When an app asks to be connected, this is set on the page already, for what it says it wants. You can change it
        there, and nothing is given before you agree.
      </p>
      <Form action="/rules/defaults">
        <Radios legend="To read" name={FIELDS.reading} answers={ANSWERS} chosen={defaults.reading} />
        <Radios legend="To add or change something" name={FIELDS.writing} answers={ANSWERS} chosen={defaults.writing} />
        <Radios
          legend={
            <>
              At a new service <small>at most this, where no app has been let in yet</small>
            </>
          }
          name={FIELDS.newServices}
          answers={ANSWERS}
          chosen={defaults.newServices}
        />
        <ButtonRow>
          <Button>Save</Button>
        </ButtonRow>
      </Form>
    </Card>
  );
}
