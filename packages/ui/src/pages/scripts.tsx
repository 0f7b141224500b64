import type { VNode } from 'preact';
import type { PageScript } from './content-security-policy.ts';
import { usePage } from './context.ts';

/** Declares that this page needs a script: the page loads it once, and its Content Security Policy allows it. */
export function UsesScript({ script }: { script: PageScript }): null {
  usePage().scripts.set(script.href, script);
  return null;
}

/** At the end of a page: loads the scripts that its components need. */
export function Scripts(): VNode {
  return (
    <>
      {[...usePage().scripts.keys()].map((href) => (
        <script key={href} src={href} defer />
      ))}
    </>
  );
}
