import type { ComponentChildren, VNode } from 'preact';
import { CSRF_FIELD } from '../forms/csrf-field.ts';
import { usePage } from './context.ts';

/** A form that is POSTed to a path of this service, with its CSRF token in it. */
export function Form({
  action,
  class: className,
  children,
}: {
  action: string;
  class?: string;
  children?: ComponentChildren;
}): VNode {
  const { csrfToken } = usePage();
  return (
    <form method="post" action={action} class={className}>
      <input type="hidden" name={CSRF_FIELD} value={csrfToken()} />
      {children}
    </form>
  );
}

export interface FieldProps {
  name: string;
  label: string;
  type?: 'text' | 'password' | 'url' | 'date' | 'number';
  value?: string | undefined;
  hint?: string;
  /** What is wrong with what was entered; shown beside the field and told to screen readers. */
  problem?: string | undefined;
  /** The browser's autofill token: `username`, `current-password`, `new-password`, `off` … */
  autocomplete?: string;
  required?: boolean;
  autofocus?: boolean;
}

/** A labelled input. */
export function Field(props: FieldProps): VNode {
  const { name, label, type = 'text', value, hint, problem, autocomplete = 'off', required, autofocus } = props;
  const about = [hint && `${name}-hint`, problem && `${name}-problem`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {hint && (
        <small id={`${name}-hint`} class="hint">
          {hint}
        </small>
      )}
      <input
        id={name}
        name={name}
        type={type as 'text'} // the typings tell the types apart, for ARIA roles we do not set
        value={value}
        autocomplete={autocomplete as 'off'}
        autocapitalize="none"
        spellcheck={false}
        required={required}
        autofocus={autofocus}
        aria-invalid={problem ? true : undefined}
        aria-describedby={about || undefined}
      />
      {problem && (
        <p id={`${name}-problem`} class="problem">
          {problem}
        </p>
      )}
    </div>
  );
}

/** A submit button. With `name` and `value` it says which of several was pressed. */
export function Button({
  kind = 'main',
  name,
  value,
  children,
}: {
  kind?: 'main' | 'plain' | 'danger';
  name?: string;
  value?: string;
  children: ComponentChildren;
}): VNode {
  return (
    <button type="submit" class={kind === 'main' ? undefined : kind} name={name} value={value}>
      {children}
    </button>
  );
}

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

/** A box with an optional heading. */
export function Card({ title, children }: { title?: string; children?: ComponentChildren }): VNode {
  return (
    <section class="card">
      {title !== undefined && <h2>{title}</h2>}
      {children}
    </section>
  );
}

/** A message above the content: told to screen readers at once when it is `bad`. */
export function Notice({
  kind = 'plain',
  children,
}: {
  kind?: 'plain' | 'good' | 'bad';
  children: ComponentChildren;
}): VNode {
  return (
    <div class={kind === 'plain' ? 'notice' : `notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}
