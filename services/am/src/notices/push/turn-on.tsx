import { Button, ButtonRow, Form, Hidden, UsesScript } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { PUSH_SCRIPT } from './scripts.ts';

export interface TurnOnView {
  /** The server's public key, for which browsers subscribe. */
  readonly pushKey: string;
  /** How many browsers of this owner are subscribed. */
  readonly count: number;
  /** Whether this browser is one of them. */
  readonly here: boolean;
}

export const PUSH_PAGE = '/account/notifications/push';

/** Says whether this browser shows notifications, with the button that changes it. */
export function TurnOn({ pushKey, count, here }: TurnOnView): VNode {
  return (
    <>
      <p>
        {stateOf({ count, here })} {here ? UNTIL : `${WHAT_FOR} ${UNTIL}`}
      </p>
      {here ? (
        <Form action={`${PUSH_PAGE}/off`}>
          <ButtonRow>
            <Button kind="plain">Turn off in this browser</Button>
          </ButtonRow>
        </Form>
      ) : (
        <>
          <UsesScript script={PUSH_SCRIPT} />
          <div data-push-told="" hidden role="alert" class="notice bad" />
          <p data-push-cannot="">Turning it on here takes JavaScript, and a browser that takes messages.</p>
          <div data-push-key={pushKey} hidden>
            <Form action={PUSH_PAGE}>
              <Hidden fields={{ endpoint: '', p256dh: '', auth: '' }} />
              <ButtonRow>
                <Button>Turn on in this browser</Button>
              </ButtonRow>
            </Form>
          </div>
        </>
      )}
    </>
  );
}

const WHAT_FOR =
  'Turned on, it shows when an app waits for your answer, and when a service of yours broke or works again.';
const UNTIL = 'It lasts as long as you are signed in here.';

function stateOf({ count, here }: Pick<TurnOnView, 'count' | 'here'>): string {
  const others = here ? count - 1 : count;
  if (!here)
    return others === 0
      ? 'Off in this browser.'
      : `Off in this browser, on in ${others === 1 ? 'another' : `${others} others`}.`;
  return others === 0
    ? 'On in this browser.'
    : `On in this browser and ${others === 1 ? 'another' : `${others} others`}.`;
}
