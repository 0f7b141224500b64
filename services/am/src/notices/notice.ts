/** What an owner can be notified of. */
export const TOPICS = ['questions', 'services'] as const;
export type Topic = (typeof TOPICS)[number];

/** The channels of notices. */
export const WAYS = ['mail', 'push'] as const;
export type Way = (typeof WAYS)[number];

/** The kinds of notices. */
export type NoticeKind = 'question' | 'broke' | 'recovered';

export const TOPIC_OF: Readonly<Record<NoticeKind, Topic>> = {
  question: 'questions',
  broke: 'services',
  recovered: 'services',
};

/** The channels that an owner wants for each topic. */
export type Choices = Readonly<Record<Topic, readonly Way[]>>;
