import { randomId } from '@chatelaine/crypto';
import { Button, Card, Choice, Choices, Form, Hidden, TextArea } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Destination } from './destinations.ts';
import type { Source } from './sources.ts';

export const MAX_TEXT = 2_000;

/** A Host that something can be posted to. */
export interface Offered extends Source {
  /** What would happen there. */
  readonly hint?: string;
}

export interface PostFormView {
  readonly title: string;
  readonly destinations: readonly Offered[];
  readonly text: string;
  /** The destinations that are checked at first. */
  readonly chosen: readonly Destination[];
}

const CHOSEN = 'to ';

/** The name of a Host's checkbox. */
function fieldOf({ connectionId, resource }: Destination): string {
  return `${CHOSEN}${connectionId} ${resource}`;
}

/** The Hosts that are checked in a form. */
export function destinationsIn(form: ReadonlyMap<string, string>): Destination[] {
  return [...form.keys()].flatMap((name) => {
    if (!name.startsWith(CHOSEN)) return [];
    const [connectionId = '', resource = ''] = name.slice(CHOSEN.length).split(' ');
    return [{ connectionId, resource }];
  });
}

export function PostForm({ title, destinations, text, chosen }: PostFormView): VNode {
  const ticked = new Set(chosen.map(fieldOf));
  return (
    <Card title={title}>
      <Form action="/entries">
        <Hidden fields={{ attempt: randomId('post') }} />
        <TextArea name="text" label="What is new?" value={text} maxLength={MAX_TEXT} required />
        <Choices legend="Post it to">
          {destinations.map((destination) => (
            <Choice
              key={fieldOf(destination)}
              kind="checkbox"
              name={fieldOf(destination)}
              value="yes"
              checked={ticked.has(fieldOf(destination))}
              {...(destination.hint !== undefined && { hint: destination.hint })}
            >
              {labelAmong(destination, destinations)}
            </Choice>
          ))}
        </Choices>
        <Button>Post</Button>
      </Form>
    </Card>
  );
}

/** Two AMs may give two accounts the same label: then the AM's name is added. */
function labelAmong(source: Source, all: readonly Source[]): string {
  const label = labelOf(source);
  const alike = all.some((other) => other.am !== source.am && labelOf(other) === label);
  return alike ? `${label} through ${new URL(source.am).host}` : label;
}

function labelOf({ name, account }: Source): string {
  return account === '' ? name : `${name} (${account})`;
}
