import type { FormParams } from '@chatelaine/protocol';
import { allField, answerField, answersFor, askedField } from './consent-form.ts';
import { type Beginning, type Defaults, stricterOf } from '../rules/defaults.ts';
import { isOnlyAccount, type Offered, type OfferedLink, type OfferedScope } from './offered.ts';

/** The button that sets everything at once. */
export const PRESET_FIELD = 'preset';
/** The answer that it sets. */
export const PRESET_EFFECT_FIELD = 'preset_effect';

export const PRESETS = ['read', 'wanted', 'everything'] as const;
export type Preset = (typeof PRESETS)[number];

/**
 * With more accounts than this, the page has one answer for each account instead of one for each scope; what the
 * connection may do can be changed scope by scope afterwards.
 */
const SHOWN_ONE_BY_ONE = 50;
export const isOneByOne = ({ links }: Pick<Offered, 'links'>): boolean => links.length <= SHOWN_ONE_BY_ONE;

/** What a page's form depends on before anything is chosen. */
export interface Beginnings {
  readonly defaults: Defaults;
  /** Links that have not been shown to any app. */
  readonly unused: ReadonlySet<string>;
}

/**
 * What the page's form holds: what was sent, with the pressed preset applied; before anything was sent, what is wanted.
 * Each choice is a field of its own for each scope, or for a list of scopes: no choice covers what is added later.
 */
export function choicesIn(offered: Offered, form: FormParams, beginnings: Beginnings): FormParams {
  const begun = new Map([...prefilled(offered, form, beginnings), ...form]);
  const preset = presetIn(form);
  return preset === null ? begun : withPreset(offered, begun, preset);
}

/** The preset whose button was pressed; null if none was. */
export function presetIn(form: FormParams): Preset | null {
  return PRESETS.find((one) => one === form.get(PRESET_FIELD)) ?? null;
}

/**
 * Fills in what is wanted, as the owner's defaults have it, and nothing else; for a Requester that does not say what it
 * wants, nothing. An account that the form does not mention was added in the meantime, and starts as it would have at
 * first. Where the page has one answer for each account, writing must be chosen by hand.
 */
function prefilled(offered: Offered, form: FormParams, { defaults, unused }: Beginnings): FormParams {
  const fields = new Map<string, string>();
  const says = offered.wants.length > 0;
  for (const link of offered.links.filter(({ linkId }) => !form.has(allField(linkId)))) {
    const most =
      !says || !isOnlyAccount(offered.links, link) ? 'no' : unused.has(link.linkId) ? defaults.newServices : 'allow';
    const effect = stricterOf(defaults.reading, most);
    // where the account has only one answer, that covers everything in it
    const isCovered = says || isOneByOne(offered) ? isReading : isAnything;
    fill(fields, offered, { link, effect, isCovered });
    const writing = stricterOf(defaults.writing, most);
    if (writing !== 'no' && isOneByOne(offered))
      for (const one of link.scopes.filter(isWriting)) fields.set(answerField(link.linkId, one.scope), writing);
  }
  return fields;
}

const isWriting = ({ access, isWanted }: OfferedScope): boolean => isWanted && access === 'write';
const isReading = ({ access, isWanted }: OfferedScope): boolean => isWanted && access === 'read';
const isAnything = ({ isWanted }: OfferedScope): boolean => isWanted;
const COVERED: Readonly<Record<Preset, (scope: OfferedScope) => boolean>> = {
  read: isReading,
  wanted: isAnything,
  everything: () => true,
};

/** Applies a preset to the form. Of several accounts at one Host, it sets only the one that already has a choice. */
function withPreset(offered: Offered, form: FormParams, preset: Preset): FormParams {
  const effect = form.get(PRESET_EFFECT_FIELD) === 'allow' ? 'allow' : 'ask';
  const fields = new Map(form);
  for (const link of offered.links) {
    const isMeant = isOnlyAccount(offered.links, link) || answersFor(link, form).length > 0;
    if (isMeant) fill(fields, offered, { link, effect, isCovered: COVERED[preset] });
  }
  return fields;
}

function fill(
  fields: Map<string, string>,
  offered: Offered,
  { link, effect, isCovered }: { link: OfferedLink; effect: Beginning; isCovered: (scope: OfferedScope) => boolean },
): void {
  const { linkId, scopes } = link;
  const covered = scopes.filter(isCovered);
  if (!isOneByOne(offered)) {
    fields.set(askedField(linkId), covered.map(({ scope }) => scope).join(' '));
    fields.set(allField(linkId), covered.length === 0 ? 'no' : effect);
    return;
  }
  fields.set(allField(linkId), scopes.some((one) => isCovered(one) && goesWithAll(one)) ? effect : 'no');
  for (const one of scopes) {
    const own = goesWithAll(one) ? '' : effect;
    fields.set(answerField(linkId, one.scope), isCovered(one) ? own : 'no');
  }
}

/**
 * What an account's one answer covers: reading what is wanted. Writing, and what was not asked for, have their own
 * answers.
 */
export const goesWithAll = isReading;
