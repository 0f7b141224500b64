import type { ComponentChildren, VNode } from 'preact';
import { Address } from './address.tsx';
import { usePage } from './context.ts';
import { Button, Form } from './controls.tsx';
import { Scripts } from './scripts.tsx';

export interface LayoutProps {
  title: string;
  /** A sentence below the title that says what the page is for. */
  lead?: ComponentChildren;
  /** `text` (default) is as wide as text can be read well, `wide` is for pictures and columns. */
  width?: 'text' | 'wide';
  /**
   * Where the page goes on by itself at once, in place of a redirect that the Content Security Policy of the page
   * before (`form-action`) would block.
   */
  movesOnTo?: string;
  children?: ComponentChildren;
}

/**
 * The frame of every page: title, name and role of the service, navigation, and who is signed in. The content of the
 * page is inside, without an `<h1>`.
 */
export function Layout({ title, lead, width = 'text', movesOnTo, children }: LayoutProps): VNode {
  const { site, styleHref, account } = usePage();
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {movesOnTo !== undefined && <meta http-equiv="refresh" content={`0;url=${movesOnTo}`} />}
        <title>{`${title} · ${site.name}`}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href={styleHref} />
      </head>
      <body
        class={site.navAtFoot === true && account !== null ? 'fixed-nav' : undefined}
        data-changes={account === null ? undefined : site.changes}
      >
        <a class="skip" href="#content">
          Skip to the content
        </a>
        <Header />
        <main id="content" class={width === 'wide' ? 'wide' : undefined}>
          <h1>
            <Address>{title}</Address>
          </h1>
          {lead !== undefined && <p class="lead">{lead}</p>}
          {children}
        </main>
        {site.about !== undefined && (
          <footer>
            <p>
              <strong>{site.role}.</strong> {site.about} <a href="/docs">For developers</a>
            </p>
          </footer>
        )}
        <Scripts />
      </body>
    </html>
  );
}

/** WAI-ARIA `aria-current`: `page` for the page itself, `true` for a section that contains it. */
function currentOf(href: string, path: string): 'page' | 'true' | undefined {
  if (href === path) return 'page';
  return href !== '/' && path.startsWith(`${href}/`) ? 'true' : undefined;
}

const MOST_COUNTED = 99;

/** Updated together with the live parts of a page. */
function Count({ needsYou }: { needsYou: number }): VNode {
  return (
    <span id="needs-you-count" data-live="listens">
      {needsYou > 0 && (
        <span class="count">
          {needsYou > MOST_COUNTED ? `${MOST_COUNTED}+` : needsYou}
          <span class="unseen"> {needsYou === 1 ? 'needs' : 'need'} you</span>
        </span>
      )}
    </span>
  );
}

function Header(): VNode {
  const { site, account, path, needsYou } = usePage();
  const nav = (site.nav ?? []).filter((item) => account !== null || item.public);
  return (
    <header>
      <div class="bar">
        <a class="brand" href="/">
          {site.name}
        </a>
        <span class="role">{site.role}</span>
        {account !== null && (
          <Form action="/sign-out" class="who">
            <span>
              Signed in as <a href="/account">{account.username}</a>
            </span>
            <Button kind="plain">Sign out</Button>
          </Form>
        )}
        {nav.length > 0 && (
          <nav aria-label="Main">
            {nav.map(({ href, label }) => (
              <a key={href} href={href} aria-current={currentOf(href, path)}>
                {label}
                {href === '/' && <Count needsYou={needsYou} />}
              </a>
            ))}
          </nav>
        )}
      </div>
    </header>
  );
}
