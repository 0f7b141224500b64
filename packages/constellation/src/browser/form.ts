import type { HTMLElement } from 'node-html-parser';

/** A control of a form, and what it would send now. */
export interface Control {
  name: string;
  kind: 'text' | 'hidden' | 'checkbox' | 'radio' | 'select' | 'file';
  /** Text and hidden: one; file: none; others: those that are chosen. */
  values: string[];
  /** What can be chosen. Empty for text. */
  options: string[];
  required: boolean;
  /** The headings and legends above it, outermost first. */
  under: string[];
}

/** A button that submits its form. */
export interface PressButton {
  label: string;
  name: string | null;
  value: string;
}

export interface PageForm {
  action: URL;
  method: 'GET' | 'POST';
  encoding: 'urlencoded' | 'multipart';
  controls: Control[];
  buttons: PressButton[];
  element: HTMLElement;
}

/** What to enter: text, a choice, several choices (checkboxes), whether a single checkbox is ticked, or a file. */
export type Fill = Readonly<Record<string, string | boolean | readonly string[] | File>>;

/** Reads the forms of a page. */
export function readForms(document: HTMLElement, url: URL): PageForm[] {
  const elsewhere = document.querySelectorAll('[form]');
  return document.querySelectorAll('form').map((element) => ({
    action: new URL(element.getAttribute('action') ?? url.href, url),
    method: element.getAttribute('method')?.toLowerCase() === 'post' ? 'POST' : 'GET',
    encoding: element.getAttribute('enctype') === 'multipart/form-data' ? 'multipart' : 'urlencoded',
    controls: readControls(ownedBy(element, elsewhere, ['INPUT', 'SELECT', 'TEXTAREA'])),
    buttons: ownedBy(element, elsewhere, ['BUTTON', 'INPUT'])
      .filter((it) => it.tagName === 'BUTTON' || it.getAttribute('type') === 'submit')
      .flatMap(readButton),
    element,
  }));
}

/** Controls inside the form, and those elsewhere that refer to it by `form`. */
function ownedBy(form: HTMLElement, elsewhere: readonly HTMLElement[], tags: readonly string[]): HTMLElement[] {
  const id = form.getAttribute('id');
  const inside = form.querySelectorAll(tags.join(', ').toLowerCase()).filter((it) => !it.hasAttribute('form'));
  const outside = elsewhere.filter(
    (it) => id !== undefined && it.getAttribute('form') === id && tags.includes(it.tagName),
  );
  return [...inside, ...outside].filter(
    (it) => !it.hasAttribute('disabled') && it.closest('fieldset[disabled]') === null,
  );
}

function readButton(element: HTMLElement): PressButton[] {
  const isButton = element.tagName === 'BUTTON';
  if (isButton && !['submit', undefined].includes(element.getAttribute('type'))) return [];
  const value = element.getAttribute('value') ?? '';
  return [{ label: isButton ? squash(element.text) : value, name: element.getAttribute('name') ?? null, value }];
}

function readControls(elements: readonly HTMLElement[]): Control[] {
  const controls = new Map<string, Control>();
  for (const element of elements) {
    const name = element.getAttribute('name');
    if (name === undefined || name === '') continue;
    const read = readControl(element, name);
    if (read === null) continue;
    const group = controls.get(name);
    if (group === undefined) controls.set(name, read);
    else {
      group.values.push(...read.values);
      group.options.push(...read.options);
    }
  }
  return [...controls.values()];
}

function readControl(element: HTMLElement, name: string): Control | null {
  const common = { name, required: element.hasAttribute('required'), under: headingsOver(element) };
  if (element.tagName === 'TEXTAREA') return { ...common, kind: 'text', values: [element.text], options: [] };
  if (element.tagName === 'SELECT') return { ...common, kind: 'select', ...readOptions(element) };
  const type = element.getAttribute('type')?.toLowerCase() ?? 'text';
  const value = element.getAttribute('value');
  switch (type) {
    case 'submit':
    case 'button':
    case 'reset':
    case 'image':
      return null;
    case 'file':
      return { ...common, kind: 'file', values: [], options: [] };
    case 'checkbox':
    case 'radio': {
      const option = value ?? 'on';
      return { ...common, kind: type, values: element.hasAttribute('checked') ? [option] : [], options: [option] };
    }
    case 'hidden':
      return { ...common, kind: 'hidden', values: [value ?? ''], options: [] };
    default:
      return { ...common, kind: 'text', values: [value ?? ''], options: [] };
  }
}

function readOptions(select: HTMLElement): { values: string[]; options: string[] } {
  const options = select.querySelectorAll('option');
  const valueOf = (option: HTMLElement) => option.getAttribute('value') ?? squash(option.text);
  const chosen = options.filter((option) => option.hasAttribute('selected'));
  const shown = chosen.length > 0 || select.hasAttribute('multiple') ? chosen : options.slice(0, 1);
  return { values: shown.map(valueOf), options: options.map(valueOf) };
}

function headingsOver(element: HTMLElement): string[] {
  const headings: string[] = [];
  for (let parent = element.parentNode; parent !== null && parent.tagName !== 'BODY'; parent = parent.parentNode) {
    const heading = labelOf(parent) ?? parent.childNodes.find((node) => isHeading(node as HTMLElement));
    if (heading !== undefined) headings.unshift(squash(heading.text));
  }
  return headings;
}

const isHeading = ({ rawTagName }: HTMLElement): boolean => /^(h[1-6]|legend)$/i.test(rawTagName ?? '');

/** The element that labels a group (WAI-ARIA `aria-labelledby`), or the heading in that element. */
function labelOf(group: HTMLElement): HTMLElement | undefined {
  const id = group.getAttribute('aria-labelledby');
  const label =
    id === undefined ? undefined : group.querySelectorAll('[id]').find((it) => it.getAttribute('id') === id);
  return label?.querySelectorAll('*').find(isHeading) ?? label;
}

/**
 * What the form sends when this button is pressed, without files. If something cannot be entered, it throws, and says
 * what can be.
 */
export function encodeForm(form: PageForm, button: PressButton, fill: Fill): URLSearchParams {
  const unknown = Object.keys(fill).filter((name) => !form.controls.some((control) => control.name === name));
  if (unknown.length > 0) {
    const names = form.controls.map(({ name, kind }) => `${name} (${kind})`).join(', ');
    throw new Error(`The form has no ${unknown.join(', ')}; it has: ${names || 'nothing to fill in'}.`);
  }
  const sent = new URLSearchParams();
  for (const control of form.controls) {
    if (control.kind === 'file') continue;
    const values = enter(control, fill[control.name]);
    if (control.required && control.kind !== 'hidden' && !values.some((value) => value !== ''))
      throw new Error(`The form wants ${control.name} filled in.`);
    for (const value of values) sent.append(control.name, value);
  }
  if (button.name !== null) sent.append(button.name, button.value);
  return sent;
}

/** The files among what is entered. */
export function filesIn(fill: Fill): [name: string, file: File][] {
  return Object.entries(fill).flatMap(([name, value]): [string, File][] =>
    value instanceof File ? [[name, value]] : [],
  );
}

function enter(control: Control, given: Fill[string] | undefined): string[] {
  if (given === undefined) return control.values;
  if (given instanceof File) throw new Error(`${control.name} takes no file.`);
  if (typeof given === 'boolean') {
    if (control.kind !== 'checkbox') throw new Error(`${control.name} is no checkbox.`);
    return given ? control.options : [];
  }
  const values = typeof given === 'string' ? [given] : [...given];
  if (control.kind === 'text') return values;
  if (control.kind === 'hidden') throw new Error(`Nobody can type into ${control.name}: it is hidden.`);
  const strange = values.filter((value) => !control.options.includes(value));
  if (strange.length > 0)
    throw new Error(`${control.name} cannot be "${strange.join(', ')}"; it can be: ${control.options.join(', ')}.`);
  return values;
}

/** Text as people read it: each run of white space is one space. */
export function squash(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
