import type { ComponentChildren, VNode } from 'preact';

/** A question with several answers, each a {@link Choice}. */
export function Choices({
  legend,
  layout = 'column',
  problem,
  children,
}: {
  legend: ComponentChildren;
  layout?: 'column' | 'row';
  /** What is wrong with the answer, shown beside it. */
  problem?: string | undefined;
  children: ComponentChildren;
}): VNode {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div class={layout === 'row' ? 'choices across' : 'choices'}>{children}</div>
      <Told problem={problem} />
    </fieldset>
  );
}

/** One answer; clicking anywhere in its line selects it. */
export function Choice({
  kind,
  name,
  value,
  checked = false,
  hint,
  isWrong = false,
  children,
}: {
  kind: 'checkbox' | 'radio';
  name: string;
  value: string;
  checked?: boolean;
  hint?: string;
  /** The first answer, if the given one is wrong: it is focused. */
  isWrong?: boolean;
  children: ComponentChildren;
}): VNode {
  return (
    <label class="choice">
      <input
        type={kind}
        name={name}
        value={value}
        checked={checked}
        aria-invalid={isWrong ? true : undefined}
        autofocus={isWrong}
      />
      <span>
        {children}
        {hint !== undefined && <small>{hint}</small>}
      </span>
    </label>
  );
}

interface Answers {
  legend: ComponentChildren;
  name: string;
  answers: readonly { readonly value: string; readonly label: string; readonly hint?: string | undefined }[];
  /** The value of the selected answer, if any. */
  chosen: string | undefined;
  /** What is wrong with the answer, shown beside it and announced first by screen readers. */
  problem?: string | undefined;
}

/** A question with these answers, of which one can be selected. */
export function Radios({ legend, name, answers, chosen, problem }: Answers): VNode {
  return (
    <Choices legend={legend} layout="row" problem={problem}>
      {answers.map(({ value, label }, index) => (
        <Choice
          key={value}
          kind="radio"
          name={name}
          value={value}
          checked={value === chosen}
          isWrong={problem !== undefined && index === 0}
        >
          {label}
        </Choice>
      ))}
    </Choices>
  );
}

/** The same with few and short answers, on one line if there is room. */
export function Switch({ legend, name, answers, chosen, problem }: Answers): VNode {
  return (
    <div class="switch" role="radiogroup" aria-labelledby={`${name}-legend`}>
      <div id={`${name}-legend`} class="legend">
        {legend}
      </div>
      <Segments {...{ name, answers, chosen, problem }} />
      <Told problem={problem} />
    </div>
  );
}

/** The same with chips below the question. */
export function Chips({
  legend,
  name,
  answers,
  chosen,
  problem,
  words,
}: Answers & { words?: readonly string[] }): VNode {
  return (
    <fieldset class="chips">
      <legend>{legend}</legend>
      <Segments {...{ name, answers, chosen, problem, words }} />
      <Told problem={problem} />
    </fieldset>
  );
}

/** `words` has a text for each answer, which the page's script shows. */
function Segments({
  name,
  answers,
  chosen,
  problem,
  words,
}: Omit<Answers, 'legend'> & { words?: readonly string[] | undefined }): VNode {
  return (
    <div class="segments">
      {answers.map(({ value, label, hint }, index) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === chosen}
            data-words={words?.[index]}
            aria-invalid={problem === undefined ? undefined : true}
            autofocus={problem !== undefined && index === 0}
          />
          <span>
            {label}
            {hint !== undefined && <small> {hint}</small>}
          </span>
        </label>
      ))}
    </div>
  );
}

function Told({ problem }: Pick<Answers, 'problem'>): VNode | null {
  return problem === undefined ? null : (
    <p class="problem" role="alert">
      {problem}
    </p>
  );
}
