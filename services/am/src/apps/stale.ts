import { Problem } from '@chatelaine/ui';

/**
 * The problem page for a form about an app that has changed since; `href` is the page that shows the app as it is now.
 */
export function stale(href: string): Problem {
  return new Problem(
    409,
    'What this app may do has changed since you opened the page, so nothing was saved. Open it again and choose anew.',
    { title: 'Not saved', next: { href, label: 'Open it again' } },
  );
}
