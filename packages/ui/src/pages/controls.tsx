import type { ComponentChildren, VNode } from 'preact';
import { CSRF_FIELD } from '../forms/csrf-field.ts';
import { usePage } from './context.ts';

/**
 * A form that is POSTed to a path of this service, with its CSRF token. With a {@link FileField} it needs
 * `encoding="multipart"`.
 */
export function Form({
  action,
  class: className,
  encoding = 'plain',
  children,
}: {
  action: string;
  class?: string;
  encoding?: 'plain' | 'multipart';
  children?: ComponentChildren;
}): VNode {
  const { csrfToken } = usePage();
  return (
    <form
      method="post"
      action={action}
      class={className}
      enctype={encoding === 'multipart' ? 'multipart/form-data' : undefined}
    >
      <input type="hidden" name={CSRF_FIELD} value={csrfToken()} />
      {children}
    </form>
  );
}

/** A form for searching: its fields become the query of a page of this service. */
export function QueryForm({
  action,
  label,
  children,
}: {
  action: string;
  /** Its name for screen readers. */
  label: string;
  children?: ComponentChildren;
}): VNode {
  return (
    <search>
      <form method="get" action={action} class="query" aria-label={label}>
        {children}
      </form>
    </search>
  );
}

/** Hidden fields of a form. */
export function Hidden({ fields }: { fields: Readonly<Record<string, string>> }): VNode {
  return (
    <>
      {Object.entries(fields).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
    </>
  );
}

interface Labelled {
  name: string;
  label: string;
  hint?: string | undefined;
  /** What is wrong with what was entered, shown beside the field and announced by screen readers. */
  problem?: string | undefined;
  /** Needed if a page has several fields of this name. */
  id?: string;
}

export interface FieldProps extends Labelled {
  type?: 'text' | 'password' | 'url' | 'date' | 'number' | 'search';
  value?: string | undefined;
  /** A value of HTML's `autocomplete`: `username`, `current-password`, `new-password`, `off` … */
  autocomplete?: string;
  maxLength?: number;
  required?: boolean;
  autofocus?: boolean;
}

/** A labelled input. */
export function Field(props: FieldProps): VNode {
  const { name, id = name, type = 'text', value, autocomplete = 'off', maxLength, required, autofocus } = props;
  return (
    <Frame {...props}>
      <input
        id={id}
        name={name}
        type={type as 'text'} // the typings have a variant for each type, for ARIA roles that are not set here
        value={value}
        autocomplete={autocomplete as 'off'}
        autocapitalize="none"
        spellcheck={false}
        maxLength={maxLength}
        required={required}
        autofocus={autofocus}
        {...aboutOf(props)}
      />
    </Frame>
  );
}

/** A field for the address of another service, as people copy it from there. */
export function AddressField(props: Labelled & { example: string; value: string | undefined }): VNode {
  const { example, ...field } = props;
  const hint = `As in the address bar of your browser when you are there. For example: ${example}`;
  return <Field {...field} hint={hint} autocomplete="url" required autofocus />;
}

/** Several lines of text. */
export function TextArea(
  props: Labelled & { value?: string; rows?: number; maxLength?: number; required?: boolean },
): VNode {
  const { name, id = name, value = '', rows = 3, maxLength, required } = props;
  return (
    <Frame {...props}>
      <textarea id={id} name={name} rows={rows} maxLength={maxLength} required={required} {...aboutOf(props)}>
        {value}
      </textarea>
    </Frame>
  );
}

/** A choice of one, for many or unimportant options; {@link Choices} shows all of them. */
export function Select(
  props: Labelled & { options: readonly { value: string; label: string }[]; value?: string | undefined },
): VNode {
  const { name, id = name, options, value: chosen } = props;
  return (
    <Frame {...props}>
      <select id={id} name={name} autofocus={props.problem !== undefined} {...aboutOf(props)}>
        {options.map(({ value, label }) => (
          <option key={value} value={value} selected={value === chosen}>
            {label}
          </option>
        ))}
      </select>
    </Frame>
  );
}

/** A file of one of these media types. The form needs `encoding="multipart"`, and its route `uploads`. */
export function FileField(props: Labelled & { accept: readonly string[] }): VNode {
  const { name, id = name, accept } = props;
  return (
    <Frame {...props}>
      <input id={id} name={name} type="file" accept={accept.join(',')} {...aboutOf(props)} />
    </Frame>
  );
}

function Frame({
  name,
  id = name,
  label,
  hint,
  problem,
  children,
}: Labelled & { children?: ComponentChildren }): VNode {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
      {children}
      {problem && (
        <p id={`${id}-problem`} class="problem">
          {problem}
        </p>
      )}
    </div>
  );
}

function aboutOf({ name, id = name, hint, problem }: Labelled) {
  const about = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ');
  return { 'aria-invalid': problem ? true : undefined, 'aria-describedby': about || undefined } as const;
}

/** A submit button. `name` and `value` tell the server which of several was pressed. */
export function Button({
  kind = 'main',
  name,
  value,
  to,
  children,
}: {
  /** `quiet` looks like a link, for what is rarely wanted. */
  kind?: 'main' | 'plain' | 'danger' | 'quiet';
  name?: string;
  value?: string;
  /** Where the form is sent instead of its `action`, such as the same URL with a fragment. */
  to?: string;
  children: ComponentChildren;
}): VNode {
  return (
    <button type="submit" class={kind === 'main' ? undefined : kind} name={name} value={value} formaction={to}>
      {children}
    </button>
  );
}
