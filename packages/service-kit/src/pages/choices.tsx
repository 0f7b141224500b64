import type { ComponentChildren, VNode } from 'preact';

/** A question with its answers: `Choice`s inside. */
export function Choices({
  legend,
  layout = 'column',
  children,
}: {
  legend: ComponentChildren;
  layout?: 'column' | 'row';
  children: ComponentChildren;
}): VNode {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div class={layout === 'row' ? 'choices across' : 'choices'}>{children}</div>
    </fieldset>
  );
}

/** One answer: the whole line can be pressed. */
export function Choice({
  kind,
  name,
  value,
  checked = false,
  hint,
  children,
}: {
  kind: 'checkbox' | 'radio';
  name: string;
  value: string;
  checked?: boolean;
  hint?: string;
  children: ComponentChildren;
}): VNode {
  return (
    <label class="choice">
      <input type={kind} name={name} value={value} checked={checked} />
      <span>
        {children}
        {hint !== undefined && <small>{hint}</small>}
      </span>
    </label>
  );
}

/** A question that has one of these answers. */
export function Radios({
  legend,
  name,
  answers,
  chosen,
}: {
  legend: ComponentChildren;
  name: string;
  answers: readonly { readonly value: string; readonly label: string }[];
  /** The value of the one that is set, if any is. */
  chosen: string | undefined;
}): VNode {
  return (
    <Choices legend={legend} layout="row">
      {answers.map(({ value, label }) => (
        <Choice key={value} kind="radio" name={name} value={value} checked={value === chosen}>
          {label}
        </Choice>
      ))}
    </Choices>
  );
}
