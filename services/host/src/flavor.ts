import { AGENDA, ALBUM, SHEETS } from './flavor-styles.ts';

/** What one Host is about: all run the same program, with other words. */
export interface Flavor {
  /** In cookie names and log lines. */
  readonly id: FlavorId;
  /** A CSS colour. */
  readonly accent: string;
  readonly one: string;
  /** With its article. */
  readonly aOne: string;
  readonly many: string;
  /** Labels of the form. */
  readonly textLabel: string;
  readonly dateLabel: string;
  /** How many lines of text the form shows. */
  readonly rows: number;
  /** A sentence for the front page. */
  readonly purpose: string;
  /** What to do when there is nothing yet. */
  readonly whenEmpty: string;
  /** Styles for what only this flavor shows. */
  readonly styles: string;
  /** The scopes that can be delegated, with the sentences for consent pages, here and at the AM. */
  readonly scopes: Readonly<Record<Scope, string>>;
}

export type Scope = 'entries.read' | 'entries.write';

export const FLAVOR_IDS = ['photos', 'calendar', 'notes'] as const;
export type FlavorId = (typeof FLAVOR_IDS)[number];

export const FLAVORS: Readonly<Record<FlavorId, Flavor>> = {
  photos: {
    id: 'photos',
    accent: '#b4451f',
    one: 'photo',
    aOne: 'a photo',
    many: 'photos',
    textLabel: 'Caption',
    dateLabel: 'Taken on',
    rows: 2,
    purpose: 'Your photos, each with its caption and its day.',
    whenEmpty: 'Add the first one with the form: a caption, its day, and the picture itself.',
    styles: ALBUM,
    scopes: { 'entries.read': 'See your photos', 'entries.write': 'Add photos for you' },
  },
  calendar: {
    id: 'calendar',
    accent: '#1b6e53',
    one: 'appointment',
    aOne: 'an appointment',
    many: 'appointments',
    textLabel: 'What',
    dateLabel: 'Day',
    rows: 2,
    purpose: 'Your appointments, day by day.',
    whenEmpty:
      'Write down the first one with the form: what it is and on which day. ' +
      'What is to come stands here first, what has been below it.',
    styles: AGENDA,
    scopes: { 'entries.read': 'See your appointments', 'entries.write': 'Add appointments for you' },
  },
  notes: {
    id: 'notes',
    accent: '#8a6a00',
    one: 'note',
    aOne: 'a note',
    many: 'notes',
    textLabel: 'Note',
    dateLabel: 'Day',
    rows: 6,
    purpose: 'What you wanted to remember.',
    whenEmpty: 'Write the first one with the form. It may be as short as a shopping list or fill the whole sheet.',
    styles: SHEETS,
    scopes: { 'entries.read': 'Read your notes', 'entries.write': 'Write notes for you' },
  },
};
