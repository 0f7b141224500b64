import type { VNode } from 'preact';
import { ButtonLink, ButtonRow } from './components.tsx';
import { Layout } from './layout.tsx';

/** An error as a title, and a sentence on which a person can act. */
export interface ErrorView {
  title: string;
  sentence: string;
  /** Where to go from here; by default the front page. */
  next?: { href: string; label: string };
  /** The id by which an operator finds the log line. */
  requestId?: string;
}

export function ErrorPage({
  title,
  sentence,
  next = { href: '/', label: 'To the front page' },
  requestId,
}: ErrorView): VNode {
  return (
    <Layout title={title}>
      <p>{sentence}</p>
      <ButtonRow>
        <ButtonLink href={next.href} kind="plain">
          {next.label}
        </ButtonLink>
      </ButtonRow>
      {requestId !== undefined && (
        <p>
          <small>
            If you ask for help, mention <code>{requestId}</code>.
          </small>
        </p>
      )}
    </Layout>
  );
}
