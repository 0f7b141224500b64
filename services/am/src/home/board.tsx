import { Address, Badge } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Board, BoardApp, Cell } from '../apps/board-store.ts';
import { keyHref } from '../apps/key-page.tsx';
import { AppIcon } from '../identity/app-icon.tsx';
import { whoInShort } from '../identity/who.tsx';
import type { UsedLately } from './uses-store.ts';

const WORDS: Readonly<Record<Cell['answer'], string>> = { allow: 'Allow', ask: 'Ask', deny: 'Never', mixed: 'Some' };
/** With more services than these, their names are turned upright, and each cell is a symbol. */
const FEW = 6;

/**
 * Which app may do what at which service: a cell for each pair, which leads to the page that changes it. On a phone, a
 * card for each app.
 */
export function KeyBoard({ board, used }: { board: Board; used: UsedLately }): VNode {
  const { apps, services, isCut } = board;
  const seen = services.length > FEW ? 'symbol' : 'word';
  return (
    <section class="card" id="keys" aria-labelledby="keys-title">
      <div class="heading">
        <h2 id="keys-title">Who may have what</h2>
        <a href="/apps">All about my apps, and stopping them</a>
      </div>
      <p class="legend-of-keys">
        {(['allow', 'ask', 'deny', 'mixed'] as const).map((answer) => (
          <span key={answer} class={answer}>
            {LEGEND[answer]}
          </span>
        ))}
        <span>
          <i class="dot" aria-hidden="true" /> got a key in the last 24 hours
        </span>
      </p>
      <div class="scroll" role="region" aria-labelledby="keys-title" tabindex={0}>
        <table class={seen === 'symbol' ? 'board many' : 'board'}>
          <thead>
            <tr>
              <th scope="col">App</th>
              {services.map(({ id, name }) => (
                <th key={id} scope="col">
                  <span>{name}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {apps.map((app) => (
              <AppRow key={app.id} app={app} services={services} used={used} seen={seen} />
            ))}
          </tbody>
        </table>
      </div>
      {isCut && (
        <p>
          There are more than are shown here: <a href="/apps">all of my apps</a>,{' '}
          <a href="/hosts">all of my services</a>
        </p>
      )}
    </section>
  );
}

const LEGEND: Readonly<Record<Cell['answer'], string>> = {
  allow: 'Allow',
  ask: 'Ask me',
  deny: 'Never',
  mixed: 'not the same for all',
};

interface AppRowView {
  readonly app: BoardApp;
  readonly services: Board['services'];
  readonly used: UsedLately;
  readonly seen: 'symbol' | 'word';
}

function AppRow({ app, services, used, seen }: AppRowView): VNode {
  const { id, clientId, clientName, redirectUri, isPaused, cells } = app;
  return (
    <tr>
      <th scope="row">
        <a href={`/apps/${id}`}>
          <AppIcon app={app} />
          {clientName}
        </a>
        <small>
          <Address>{whoInShort({ clientId, redirectUri })}</Address>
        </small>
        {isPaused && <Badge kind="needs">paused</Badge>}
      </th>
      {services.map((service) => {
        const cell = cells.get(service.id);
        if (cell === undefined)
          return (
            <td key={service.id} class="nothing">
              <span class="unseen">nothing</span>
            </td>
          );
        const isUsed = used.has(clientId, service.id);
        const word = WORDS[cell.answer];
        // there may be thousands of cells: each has as few elements as possible, and its symbol is in the stylesheet
        const rest = `: ${clientName} at ${service.name}${isUsed ? USED : ''}${cell.isBroken ? BROKEN : ''}`;
        return (
          <td key={service.id} data-label={service.name} class={cell.isBroken ? `${cell.answer} broken` : cell.answer}>
            <a href={keyHref(id, service.id)} class={isUsed ? 'used' : undefined}>
              {seen === 'word' && word}
              <span class="unseen">{seen === 'word' ? rest : word + rest}</span>
            </a>
          </td>
        );
      })}
    </tr>
  );
}

const USED = ', used in the last 24 hours';
const BROKEN = ', link broken';
