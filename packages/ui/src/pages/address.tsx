import type { VNode } from 'preact';

/** Between the parts of an address: before a label of its host name, and before each part of its path or query. */
const BETWEEN = /(?<=[\p{L}\p{N}])(?=\.\p{L}|[/?#&])/u;

/** Text with addresses in it. Where one is too long for its line it is broken between its parts, never in its port. */
export function Address({ children }: { children: string }): VNode {
  const [first = '', ...rest] = children.split(BETWEEN);
  return (
    <>
      {first}
      {rest.map((part) => (
        <>
          <wbr />
          {part}
        </>
      ))}
    </>
  );
}
