import { Problem } from '@chatelaine/ui';

/** What was sent is about an app as it is no more; `href` shows how it is. */
export function stale(href: string): Problem {
  return new Problem(
    409,
    'What this app may do has changed since you opened the page, so nothing was saved. Open it again and choose anew.',
    { title: 'Not saved', next: { href, label: 'Open it again' } },
  );
}
