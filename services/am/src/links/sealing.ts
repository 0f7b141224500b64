/** Names the place of a sealed column, so that what is sealed for one row, owner or column opens nowhere else. PROTOCOL §8. */
export function sealedFor(input: {
  row: string;
  ownerId: string;
  column: 'access_token' | 'refresh_token' | 'verifier' | 'answer' | 'host_grant';
}): string {
  return `${input.row}|${input.ownerId}|${input.column}`;
}
