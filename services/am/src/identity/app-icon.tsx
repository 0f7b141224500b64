import { Initial } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Who } from './who.tsx';

type Iconed = Pick<Who, 'clientId' | 'clientName' | 'iconId'>;

/** An app's own icon, or a letter where there is none. */
export function AppIcon({ app: { clientId, clientName, iconId } }: { app: Iconed }): VNode {
  return <Initial name={clientName} of={clientId} picture={iconId === null ? null : `/icons/${iconId}`} />;
}
