import { Button, ButtonRow, Form, Hidden, UsesScript } from '@chatelaine/ui';
import type { ComponentChildren, VNode } from 'preact';

export interface PasskeyAsk {
  /** As in the Credential Management API: `get` requests a signature, `create` a new passkey. */
  readonly kind: 'get' | 'create';
  /** The options for the browser, as JSON. */
  readonly options: object;
  /** Whether passkeys are also offered in the autofill of the username. */
  readonly autofill?: boolean;
  readonly scriptHref: string;
}

/**
 * The form that sends a browser's answer about a passkey. It is hidden unless the script runs, without which it does
 * nothing.
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

/** Shown if no script runs. */
export function NeedsScript(): VNode {
  return (
    <noscript>
      <p>
        <small>Passkeys need JavaScript in this browser. Everything else works without.</small>
      </p>
    </noscript>
  );
}
