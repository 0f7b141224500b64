import type { ComponentChildren, VNode } from 'preact';
import { Button, Form } from './components.tsx';
import { usePage } from './context.ts';

/** The frame of every page: title, service name and role, navigation, who is signed in. The page's own content comes inside, without `<h1>`. */
export function Layout({ title, children }: { title: string; children?: ComponentChildren }): VNode {
  const { site, styleHref, account, path } = usePage();
  const nav = (site.nav ?? []).filter((item) => account !== null || item.public);
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · ${site.name}`}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href={styleHref} />
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to the content
        </a>
        <header>
          <div class="bar">
            <a class="brand" href="/">
              {site.name}
              <span class="label">{site.role}</span>
            </a>
            {nav.length > 0 && (
              <nav aria-label="Main">
                {nav.map(({ href, label }) => (
                  <a key={href} href={href} aria-current={href === path ? 'page' : undefined}>
                    {label}
                  </a>
                ))}
              </nav>
            )}
            {account !== null && (
              <Form action="/sign-out" class="who">
                <span>
                  Signed in as <strong>{account.username}</strong>
                </span>
                <Button kind="plain">Sign out</Button>
              </Form>
            )}
          </div>
        </header>
        <main id="content">
          <h1>{title}</h1>
          {children}
        </main>
      </body>
    </html>
  );
}
