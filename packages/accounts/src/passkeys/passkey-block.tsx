import { Button, ButtonRow, Form, Hidden, UsesScript } from '@chatelaine/ui';
import type { ComponentChildren, VNode } from 'preact';

export interface PasskeyAsk {
  /** `get` signs with one that is there, `create` makes one. */
  readonly kind: 'get' | 'create';
  /** What the browser is asked for, as JSON. */
  readonly options: object;
  /** Offered in the username's field as well. */
  readonly autofill?: boolean;
  readonly scriptHref: string;
}

/**
 * A form that the browser's answer about a passkey is sent with. Nobody sees it where no script runs: it could do
 * nothing there.
 */
export function PasskeyBlock({
  ask: { kind, options, autofill = false, scriptHref },
  action,
  fields,
  button,
  title,
  children,
}: {
  ask: PasskeyAsk;
  action: string;
  fields: Readonly<Record<string, string>>;
  button: string;
  title?: string;
  children?: ComponentChildren;
}): VNode {
  return (
    <>
      <section
        class="card"
        hidden
        data-passkey={kind}
        data-options={JSON.stringify(options)}
        data-autofill={autofill ? '' : undefined}
      >
        {title !== undefined && <h2>{title}</h2>}
        <Form action={action}>
          <Hidden fields={{ ...fields, response: '' }} />
          {children}
          <p class="problem" role="alert" hidden data-problem="" />
          <ButtonRow>
            <Button>{button}</Button>
          </ButtonRow>
        </Form>
      </section>
      <UsesScript script={{ href: scriptHref }} />
    </>
  );
}

/** For whoever has no script. */
export function NeedsScript(): VNode {
  return (
    <noscript>
      <p>
        <small>Passkeys need JavaScript in this browser. Everything else works without.</small>
      </p>
    </noscript>
  );
}
