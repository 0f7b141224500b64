import { accountOf, requireAccount } from '@chatelaine/accounts';
import { formOf, notFound, renderPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { MAX_POST_CHARS, parsePost } from './post.ts';
import { PostsPage } from './posts-page.tsx';
import { addPost, listPosts, removePost } from './store.ts';

/** What a person writes and stores here. */
export function posts(app: FastifyInstance, deps: Pick<Deps, 'pool' | 'config'>): void {
  const signedIn = { preHandler: requireAccount };
  app.get('/posts', signedIn, async (request, reply) =>
    renderPage(reply, <PostsPage posts={await listPosts(deps, accountOf(request).id)} />),
  );
  app.post('/posts', signedIn, async (request, reply) => {
    const { id: owner } = accountOf(request);
    const typed = formOf(request).get('text') ?? '';
    const text = parsePost(typed);
    const refuse = async (status: 400 | 409, problem: string) =>
      renderPage(
        reply.code(status),
        <PostsPage posts={await listPosts(deps, owner)} attempt={{ text: typed, problem }} />,
      );
    if (text === null)
      return refuse(400, `Nothing was kept: a post has 1 to ${MAX_POST_CHARS} characters that can be read.`);
    if ((await addPost(deps, { owner, text })) === 'full') {
      const most = deps.config.postsPerAccount;
      return refuse(
        409,
        `Nothing was kept: you have ${most} posts here, and one account may not keep more. Remove one to make room.`,
      );
    }
    return reply.redirect('/posts', 303);
  });
  app.post('/posts/remove', signedIn, async (request, reply) => {
    const id = formOf(request).get('post') ?? '';
    if (!(await removePost(deps, { owner: accountOf(request).id, id }))) throw notFound();
    return reply.redirect('/posts', 303);
  });
}
