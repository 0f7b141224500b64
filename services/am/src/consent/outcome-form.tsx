import type { ConsentView } from '@chatelaine/oauth-server-fastify';
import { Button, ButtonRow, Hidden, UsesScript } from '@chatelaine/ui';
import type { ComponentChildren, VNode } from 'preact';
import { NAMED_FIELD, type Outcome, outcomeName, outcomeWords } from './outcome.ts';
import { CONSENT_SCRIPT } from './script.ts';

interface OutcomeFormView {
  readonly view: Pick<ConsentView, 'action'>;
  readonly outcome: Outcome;
  /** Whether it adds to an existing connection, and lasts as long as that. */
  readonly adds?: boolean;
  readonly children: ComponentChildren;
}

/** A form whose button says what the owner agrees to, and stays visible. */
export function OutcomeForm({ view, outcome, adds = false, children }: OutcomeFormView): VNode {
  return (
    <form method="post" action={view.action} data-outcome="">
      <UsesScript script={{ href: CONSENT_SCRIPT.href, fetches: false }} />
      {/* Enter in a field presses the first button of the form, which must be neither a preset nor an answer */}
      <button type="submit" hidden tabIndex={-1} />
      {children}
      <Hidden fields={{ [NAMED_FIELD]: outcomeName(outcome) }} />
      <div class="sticky">
        <ButtonRow>
          <Button name="decision" value="allow">
            <span data-outcome-words="" data-adds={adds ? '' : undefined}>
              {outcomeWords(outcome, adds ? 'more' : 'anew')}
            </span>
          </Button>
          <Button name="decision" value="deny" kind="plain">
            Refuse
          </Button>
        </ButtonRow>
      </div>
    </form>
  );
}
