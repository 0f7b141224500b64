/** SQL: the icon of the app of a connection; null: there is none to show. */
export const iconOf = (connection: string): string => `(select i.id from icon i where i.uri = ${connection}.logo_uri)`;
