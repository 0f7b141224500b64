/** SQL: joins the owner's name for a connection's app, if they have given one. */
export const joinOwnName = (connection: string): string =>
  `left join app_name own on own.owner_id = ${connection}.owner_id and own.client_id = ${connection}.client_id`;

/** SQL, where that is joined: the app's name on its owner's pages. */
export const shownName = (connection: string): string => `coalesce(own.name, ${connection}.client_name)`;
