/** Push services of common browsers: Chromium, Firefox, Safari, Edge. */
export const PUSH_SERVICES: readonly string[] = [
  'https://fcm.googleapis.com',
  'https://updates.push.services.mozilla.com',
  'https://*.push.apple.com',
  'https://*.notify.windows.com',
];
const PUSH_SERVICE = /^https:\/\/(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/;

/** Parses an operator's list of origins, separated by commas; null if one of them is no origin. */
export function parsePushServices(given: string): readonly string[] | null {
  const services = given.split(',').map((one) => one.trim());
  return services.every((one) => PUSH_SERVICE.test(one)) ? services : null;
}
