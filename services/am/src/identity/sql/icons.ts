/** SQL: the id of the icon of a connection's app; null if there is none to show. */
export const iconOf = (connection: string): string => `(select i.id from icon i where i.uri = ${connection}.logo_uri)`;
