import type { NoticeKind } from './notice.ts';

/** What a notice says, and where it leads. None of its words come from an app or a service. */
interface Words {
  readonly title: string;
  readonly path: string;
}

export const WORDS: Readonly<Record<NoticeKind, Words>> = {
  question: { title: 'A question waits for you', path: '/asks' },
  broke: { title: 'A service does not work any more', path: '/hosts' },
  recovered: { title: 'A service works again', path: '/hosts' },
};

const SENTENCES: Readonly<Record<NoticeKind, string>> = {
  question: 'An app asks for something that you wanted to be asked about. It gets nothing before you answer:',
  broke: 'One of your services broke, or has not answered for a while. Here is which, and what you can do:',
  recovered: 'A service that you were told about works again. Here is how it stands:',
};

/** The mail with a notice. Its link is of no use to anybody who is not signed in as the owner. */
export function noticeLetter(
  { name, issuer }: { readonly name: string; readonly issuer: string },
  kind: NoticeKind,
): { readonly subject: string; readonly text: string } {
  const { title, path } = WORDS[kind];
  const paragraphs = [
    SENTENCES[kind],
    `${issuer}${path}`,
    `You asked for this mail at ${name}. You can change that here: ${issuer}/account/notifications`,
  ];
  return { subject: `${title} at ${name}`, text: `${paragraphs.join('\n\n')}\n` };
}
