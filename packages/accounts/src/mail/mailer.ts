import { createTransport } from 'nodemailer';

/** A mail of plain text to one address. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Gives it to the mail server. Rejects if that does not accept it. */
  send(mail: Mail): Promise<void>;
  close(): void;
}

/** The mail server, and the sender. */
export interface SmtpSettings {
  /**
   * `smtp://` with STARTTLS, which is required except on this machine, or `smtps://` with TLS from the beginning.
   * Includes user and password.
   */
  readonly url: string;
  /** The `From` header. */
  readonly from: string;
}

const PORTS: Readonly<Record<string, number>> = { 'smtp:': 587, 'smtps:': 465 };
const TIMEOUT_MS = 10_000;

/** Sends mail by SMTP (nodemailer). Mails are plain text, for which nodemailer reads no file and fetches nothing. */
export function createSmtpMailer({ url, from }: SmtpSettings): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url);
  const transport = createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? PORTS[protocol] : Number(port),
    secure: protocol === 'smtps:',
    requireTLS: protocol === 'smtp:' && !isThisMachine(hostname),
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(mail) {
      await transport.sendMail({ ...mail, from, headers: { 'Auto-Submitted': 'auto-generated' } }); // RFC 3834 §5
    },
    close: () => transport.close(),
  };
}

const isThisMachine = (hostname: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
