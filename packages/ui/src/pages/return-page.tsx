import type { VNode } from 'preact';
import { Address } from './address.tsx';
import { ButtonLink, ButtonRow } from './components.tsx';
import { Layout } from './layout.tsx';

export interface ReturnPageView {
  /** `answer`: the page goes on by itself. `answered`: the answer was given before, and only the link leads back. */
  kind: 'answer' | 'answered';
  to: string;
  /** The name of `to`, which follows "back to". */
  place: string;
}

/** The end of an authorization here: the browser goes back to the app, by itself or by a link, without a script. */
export function ReturnPage({ kind, to, place }: ReturnPageView): VNode {
  if (kind === 'answered')
    return (
      <Layout title="You have already answered this">
        <p>
          Your answer stands, and this page cannot be used again. To ask for something else, start again in the app.
        </p>
        <ButtonRow>
          <ButtonLink href={to}>
            Back to <Address>{place}</Address>
          </ButtonLink>
          <ButtonLink href="/" kind="plain">
            To the front page
          </ButtonLink>
        </ButtonRow>
      </Layout>
    );
  return (
    <Layout title={`Back to ${place}`} movesOnTo={to}>
      <p>Your answer is saved. You are being taken back; if nothing happens, use the button.</p>
      <ButtonRow>
        <ButtonLink href={to}>
          Continue to <Address>{place}</Address>
        </ButtonLink>
      </ButtonRow>
      <p>
        <small>Once the app has opened, you can close this page.</small>
      </p>
    </Layout>
  );
}
