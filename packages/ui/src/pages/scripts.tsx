import type { VNode } from 'preact';
import type { PageScript } from './content-security-policy.ts';
import { usePage } from './context.ts';

/** A script that what is on this page needs. The page loads it once, and its answer lets it run. */
export function UsesScript({ script }: { script: PageScript }): null {
  usePage().scripts.set(script.href, script);
  return null;
}

/** At the end of a page: the scripts that something on it needs. */
export function Scripts(): VNode {
  return (
    <>
      {[...usePage().scripts.keys()].map((href) => (
        <script key={href} src={href} defer />
      ))}
    </>
  );
}
