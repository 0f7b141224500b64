/** What an owner can want to be told of. */
export const TOPICS = ['questions', 'services'] as const;
export type Topic = (typeof TOPICS)[number];

/** How. */
export const WAYS = ['mail', 'push'] as const;
export type Way = (typeof WAYS)[number];

/** What there is to tell. */
export type NoticeKind = 'question' | 'broke' | 'recovered';

export const TOPIC_OF: Readonly<Record<NoticeKind, Topic>> = {
  question: 'questions',
  broke: 'services',
  recovered: 'services',
};

/** What an owner wants, topic by topic. */
export type Choices = Readonly<Record<Topic, readonly Way[]>>;
