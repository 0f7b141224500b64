import { expect, test } from '@jest/globals';
import { untilAvailable } from '../src/index.ts';

const away = (): Error => Object.assign(new Error('the database shuts down'), { code: '57P01' });

test('a write is retried until the database can serve again', async () => {
  let tries = 0;
  const write = async (): Promise<string> => {
    tries++;
    if (tries < 3) throw away();
    return 'written';
  };
  await expect(untilAvailable(write)).resolves.toBe('written');
  expect(tries).toBe(3);
});

test('a write that the database refuses is not retried', async () => {
  let tries = 0;
  const write = async (): Promise<never> => {
    tries++;
    throw Object.assign(new Error('duplicate key'), { code: '23505' });
  };
  await expect(untilAvailable(write)).rejects.toThrow('duplicate key');
  expect(tries).toBe(1);
});
