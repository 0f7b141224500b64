import type { ConsentView } from '@chatelaine/oauth-server-fastify';
import { Layout, Notice, Steps } from '@chatelaine/ui';
import type { ComponentChildren, VNode } from 'preact';

interface AskingPageView {
  readonly title: string;
  readonly lead: string;
  readonly view: Pick<ConsentView, 'problem' | 'problemAt'>;
  /** Who asks, and for what. */
  readonly who: ComponentChildren;
  /** What the owner can decide. */
  readonly children: ComponentChildren;
}

/**
 * A page on which somebody asks an owner for something: who it is, and beside or below that what the owner can decide.
 */
export function AskingPage({ title, lead, view, who, children }: AskingPageView): VNode {
  return (
    <Layout title={title} lead={lead} width="wide">
      <Steps label="Connecting" steps={['You started there', 'You choose here', 'Back there']} current={1} />
      {view.problem !== null && view.problemAt === null && <Notice kind="bad">{view.problem}</Notice>}
      <div class="asking">
        <div class="who-asks">{who}</div>
        <div>{children}</div>
      </div>
    </Layout>
  );
}
