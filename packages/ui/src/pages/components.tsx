import type { ComponentChild, ComponentChildren, VNode } from 'preact';

/** A link that looks like a button. */
export function ButtonLink({
  href,
  kind = 'main',
  children,
}: {
  href: string;
  kind?: 'main' | 'plain';
  children: ComponentChildren;
}): VNode {
  return (
    <a class={kind === 'main' ? 'button' : 'button plain'} href={href}>
      {children}
    </a>
  );
}

/** Buttons beside each other, or below each other if there is no room. */
export function ButtonRow({ children }: { children: ComponentChildren }): VNode {
  return <div class="row">{children}</div>;
}

/** A box with an optional heading. `aside` is at the end of the heading's line. */
export function Card({
  title,
  icon,
  aside,
  children,
}: {
  title?: string;
  /** Shown before the heading. */
  icon?: ComponentChildren;
  aside?: ComponentChildren;
  children?: ComponentChildren;
}): VNode {
  const heading = title !== undefined && (
    <h2>
      {icon}
      {title}
    </h2>
  );
  return (
    <section class="card">
      {aside === undefined ? (
        heading
      ) : (
        <div class="heading">
          {heading}
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}

/** `needs` is for what the person should do, `bad` for what went wrong. */
export type Tone = 'plain' | 'good' | 'needs' | 'bad';

/** A message above the content. Screen readers announce a `bad` one at once. */
export function Notice({ kind = 'plain', children }: { kind?: Tone; children: ComponentChildren }): VNode {
  return (
    <div class={kind === 'plain' ? 'notice' : `notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}

/** A word for the state of something. The meaning is in the word, not in the colour. */
export function Badge({ kind = 'plain', children }: { kind?: Tone; children: ComponentChildren }): VNode {
  return <span class={kind === 'plain' ? 'tag' : `tag ${kind}`}>{children}</span>;
}

/** Shown while there is nothing yet: what will be here, and how to get there. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }): VNode {
  return (
    <section class="empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/**
 * For `wide` pages: the content, and beside it the actions. On a narrow screen the actions are below, and `jump` is the
 * text of a link to them.
 */
export function Split({
  jump,
  aside,
  children,
}: {
  jump: string | null;
  aside: ComponentChildren;
  children: ComponentChildren;
}): VNode {
  return (
    <>
      {jump !== null && (
        <p class="jump">
          <ButtonLink href="#aside" kind="plain">
            {jump}
          </ButtonLink>
        </p>
      )}
      <div class="split">
        <div>{children}</div>
        <div id="aside" class="aside-column">
          {aside}
        </div>
      </div>
    </>
  );
}

/** Cards for `wide` pages, in two columns if there is room. */
export function Columns({ children }: { children: ComponentChildren }): VNode {
  return <div class="columns">{children}</div>;
}

/** A list without bullets, of {@link Row}s. */
export function List({ children }: { children: ComponentChildren }): VNode {
  // Safari drops the list role if there are no bullets
  return (
    <ul class="list" role="list">
      {children}
    </ul>
  );
}

/** A line of a list: a title, small text below it, and a state or button at the end. */
export function Row({
  title,
  note,
  aside,
  children,
}: {
  title: ComponentChildren;
  note?: ComponentChildren;
  aside?: ComponentChildren;
  children?: ComponentChildren;
}): VNode {
  return (
    <li class="item">
      <div class="what">
        <strong>{title}</strong>
        {note !== undefined && <small>{note}</small>}
        {children}
      </div>
      {aside !== undefined && <div class="aside">{aside}</div>}
    </li>
  );
}

/** Names with their values. Pairs without a value are left out. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ComponentChild])[] }): VNode {
  return (
    <dl>
      {facts
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** The steps of a task. `current`, the one being done, counts from 0. */
export function Steps({ label, steps, current }: { label: string; steps: readonly string[]; current: number }): VNode {
  return (
    <ol class="steps" aria-label={label}>
      {steps.map((step, index) => (
        <li
          key={step}
          class={index < current ? 'done' : undefined}
          aria-current={index === current ? 'step' : undefined}
        >
          {step}
        </li>
      ))}
    </ol>
  );
}

export interface TableRow {
  key: string;
  /** One per column. The first is the row's header. */
  cells: readonly ComponentChild[];
}

/**
 * A table. On a narrow screen every row becomes a card, for which `display` is changed; since browsers then drop the
 * table roles, they are written out.
 */
export function Table({
  caption,
  columns,
  rows,
}: {
  caption: string;
  columns: readonly string[];
  rows: readonly TableRow[];
}): VNode {
  return (
    <table role="table">
      <caption>{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column} scope="col" role="columnheader">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map(({ key, cells }) => (
          <tr key={key} role="row">
            {cells.map((cell, index) =>
              index === 0 ? (
                <th key={0} scope="row" role="rowheader">
                  {cell}
                </th>
              ) : (
                <td key={index} role="cell" data-label={columns[index]}>
                  {cell}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
