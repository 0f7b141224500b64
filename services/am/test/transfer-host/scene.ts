import type { Answer } from '@chatelaine/test-kit';
import { type Story, TestDeployment } from '../support/deployment.ts';

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build({ hopSeconds: 3_600 });
/** An AM that gives up a call of a Host after two seconds; the others wait, however slow the machine is. */
const quickToTimeOut = await deployment.another({ callSeconds: 2, hopSeconds: 3_600 });
export const story: Story = await deployment.story({ 'photos.read': 'allow' });

const askAt = (port: number, { requester, connection }: Story = story): Promise<Answer> =>
  requester.transfer({ connection, resource: deployment.host.resource, scope: 'photos.read', port });
export const ask = (by?: Story): Promise<Answer> => askAt(deployment.ams[0].port, by);
export const askWithShortTimeout = (): Promise<Answer> => askAt(quickToTimeOut.port);
export const outcome = ({ status, json, headers }: Answer) => ({
  status,
  error: json['error'],
  retry: headers['retry-after'],
});
/**
 * The answer to failures that pass by themselves, or once the operator has fixed them, so that the owner need not be
 * asked.
 */
export const UNREACHABLE = { status: 503, error: 'temporarily_unavailable', retry: '5' };
export const refuse = (status: number, json: unknown, headers: Record<string, string> = {}) => {
  deployment.host.script.transfer = () => ({ status, json, headers });
};
export const lastTransfer = async (by: Story = story) => (await deployment.transfers(by.connection)).at(-1);
export const grantOf = async (by: Story = story) =>
  (
    await deployment.rows<{ grant_id: string }>('select grant_id from connection_host where connection_id = $1', [
      by.connection.id,
    ])
  )[0]?.grant_id;
