/** The page of notifications, as an account's page links to it. */
export const NOTIFICATIONS = {
  href: '/account/notifications',
  title: 'Notifications',
  note: 'Be told when something waits for you, or a service broke.',
} as const;
