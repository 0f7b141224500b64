/** SQL: beside a connection, the name that its owner gave the app, if they have. */
export const joinOwnName = (connection: string): string =>
  `left join app_name own on own.owner_id = ${connection}.owner_id and own.client_id = ${connection}.client_id`;

/** SQL, where that is joined: what the app is called on its owner's pages. */
export const shownName = (connection: string): string => `coalesce(own.name, ${connection}.client_name)`;
