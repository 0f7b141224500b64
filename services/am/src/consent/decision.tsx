import { Button, ButtonRow } from '@chatelaine/service-kit';
import type { VNode } from 'preact';

/** The two answers of a consent form. */
export function Decision({ yes }: { yes: string }): VNode {
  return (
    <ButtonRow>
      <Button name="decision" value="allow">
        {yes}
      </Button>
      <Button name="decision" value="deny" kind="plain">
        Refuse
      </Button>
    </ButtonRow>
  );
}
