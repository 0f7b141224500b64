/** What one Host is about: the same program, other words. */
export interface Flavor {
  /** In cookie names and log lines. */
  readonly id: string;
  /** A CSS colour. */
  readonly accent: string;
  readonly one: string;
  readonly many: string;
  /** Labels of the form. */
  readonly textLabel: string;
  readonly dateLabel: string;
  /** A sentence for the front page. */
  readonly purpose: string;
  /** What can be delegated, as consent pages say it, here and at the AM. */
  readonly scopes: Readonly<Record<Scope, string>>;
}

export type Scope = 'entries.read' | 'entries.write';

export const FLAVORS = {
  photos: {
    id: 'photos',
    accent: '#b4451f',
    one: 'photo',
    many: 'photos',
    textLabel: 'Caption',
    dateLabel: 'Taken on',
    purpose: 'Your photos, each with its caption and its day.',
    scopes: { 'entries.read': 'See your photos', 'entries.write': 'Add photos for you' },
  },
  calendar: {
    id: 'calendar',
    accent: '#1b6e53',
    one: 'appointment',
    many: 'appointments',
    textLabel: 'What',
    dateLabel: 'Day',
    purpose: 'Your appointments, day by day.',
    scopes: { 'entries.read': 'See your appointments', 'entries.write': 'Add appointments for you' },
  },
  notes: {
    id: 'notes',
    accent: '#8a6a00',
    one: 'note',
    many: 'notes',
    textLabel: 'Note',
    dateLabel: 'Day',
    purpose: 'What you wanted to remember.',
    scopes: { 'entries.read': 'Read your notes', 'entries.write': 'Write notes for you' },
  },
} as const satisfies Record<string, Flavor>;

export type FlavorId = keyof typeof FLAVORS;
export const FLAVOR_IDS = ['photos', 'calendar', 'notes'] as const satisfies readonly FlavorId[];
