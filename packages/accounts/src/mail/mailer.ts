import { createTransport } from 'nodemailer';

/** Plain text to one address. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Hands it to the mail server. Rejects when that does not take it. */
  send(mail: Mail): Promise<void>;
  close(): void;
}

/** Where mail is handed in. */
export interface SmtpSettings {
  /**
   * `smtp://` with STARTTLS, which is a must except on this machine; `smtps://` with TLS from the first byte. User and
   * password in it.
   */
  readonly url: string;
  /** What stands in From. */
  readonly from: string;
}

const PORTS: Readonly<Record<string, number>> = { 'smtp:': 587, 'smtps:': 465 };
const TIMEOUT_MS = 10_000;

/** By SMTP (nodemailer). What is sent is text alone: it reads no file and fetches nothing for it. */
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
