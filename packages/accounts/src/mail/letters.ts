import type { Mail } from './mailer.ts';

/**
 * The service that sends mail. Every URL in a mail begins with this issuer, whatever the request claimed to be its
 * host.
 */
export interface Sender {
  readonly name: string;
  readonly issuer: string;
}

/** What was done to an account, and is reported to its owner. */
export type AccountChange =
  | 'password changed'
  | 'password reset'
  | 'passkey added'
  | 'passkey removed'
  | 'address changed'
  | 'recovery codes made'
  | 'recovery code used';

const CHANGES: Readonly<Record<AccountChange, string>> = {
  'password changed': 'The password of your account was changed, and every other browser was signed out.',
  'password reset':
    'The password of your account was set anew by a link from an e-mail, and every browser was signed out.',
  'passkey added': 'A passkey was added to your account. Whoever has it can sign in.',
  'passkey removed': 'A passkey was removed from your account, and every other browser was signed out.',
  'address changed':
    'The e-mail address of your account was changed or removed. This address will get no more mail about it.',
  'recovery codes made': 'New recovery codes were made for your account. The ones before them work no more.',
  'recovery code used': 'Somebody signed in to your account with one of your recovery codes.',
};

export function confirmLetter({ name, issuer }: Sender, { to, token }: { to: string; token: string }): Mail {
  return {
    to,
    subject: `Confirm your address at ${name}`,
    text: letter([
      `Somebody who is signed in at ${name} gave this address as theirs.`,
      'If it was you, open this link within 15 minutes, ' +
        'in a browser in which you are signed in, and press the button there:',
      `${issuer}/account/email/confirm?token=${token}`,
      'If it was not you, do nothing: then this address is not used.',
    ]),
  };
}

export function resetLetter({ name, issuer }: Sender, input: { to: string; username: string; token: string }): Mail {
  return {
    to: input.to,
    subject: `A new password for ${name}`,
    text: letter([
      `Somebody asked for a new password for your account "${input.username}" at ${name}.`,
      'If it was you, open this link within 15 minutes and choose one:',
      `${issuer}/sign-in/reset?token=${input.token}`,
      'If it was not you, do nothing: your password stays as it is.',
    ]),
  };
}

/** The last mail to the owner of a deleted account. */
export function deletedLetter({ name, issuer }: Sender, { to, token }: { to: string; token: string }): Mail {
  return {
    to,
    subject: `Your account at ${name} is deleted`,
    text: letter([
      'Nobody can sign in to it any more. This page says when nothing of it is left:',
      `${issuer}/account/deleted?token=${token}`,
    ]),
  };
}

/**
 * Reports to an owner what was done to their account. It links to nothing but the front page: a mail that asks for more
 * is not from us.
 */
export function changeLetter({ name, issuer }: Sender, { to, change }: { to: string; change: AccountChange }): Mail {
  return {
    to,
    subject: `Your account at ${name}`,
    text: letter([
      CHANGES[change],
      `If it was you, all is well. If it was not, go to ${issuer}/account now: ` +
        'sign out every other browser, and change your password.',
    ]),
  };
}

const letter = (paragraphs: readonly string[]): string => `${paragraphs.join('\n\n')}\n`;
