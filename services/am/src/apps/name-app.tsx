import { accountOf } from '@chatelaine/accounts';
import { Button, Field, Form, formOf, notFound, Notice } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';
import type { Deps } from '../deps.ts';
import { OWN_NAME_CHARS, ownNameIn } from '../identity/own-name.ts';
import { isOwnName } from '../identity/who.tsx';
import type { OwnApp } from './app-store.ts';
import { nameApp } from './name-store.ts';

/** The form in which an owner gives an app a name of their own, which only they see. */
export function NameApp({ app }: { app: OwnApp }): VNode {
  const { id, clientName, selfName } = app;
  return (
    <details>
      <summary>Name it yourself</summary>
      <p>
        Your pages here then call it that. Nobody else is told, and wherever you decide on it you still see that it
        calls itself {selfName}.
      </p>
      <Form action={`/apps/${id}/name`}>
        <Field
          name="name"
          label="What you call it"
          value={isOwnName(app) ? clientName : ''}
          maxLength={OWN_NAME_CHARS}
          hint={`Empty: it is called ${selfName}`}
        />
        <Button kind="plain">Save the name</Button>
      </Form>
    </details>
  );
}

/** Confirms that the app has the owner's name, or its own again. */
export function Named({ app }: { app: OwnApp }): VNode {
  return (
    <Notice kind="good">
      <p>
        {isOwnName(app) ? `You call it ${app.clientName} from now on.` : `It is called ${app.clientName}, as it says.`}
      </p>
    </Notice>
  );
}

/** Handles the form of {@link NameApp}. */
export function nameRoutes(scope: FastifyInstance, deps: Pick<Deps, 'pool'>): void {
  scope.post<{ Params: { id: string } }>('/apps/:id/name', async (request, reply) => {
    const { id } = request.params;
    const name = ownNameIn(formOf(request), 'name');
    if (!(await nameApp(deps, { id, ownerId: accountOf(request).id, name }))) throw notFound();
    return reply.redirect(`/apps/${encodeURIComponent(id)}?named=yes`, 303);
  });
}
