/**
 * The environment with which the process of a service is started, here as in its image: what keeps its memory small and
 * costs no speed (docs/performance.md), fewer arenas of malloc for threads that had once hashed a password.
 */
export const RUNTIME = { MALLOC_ARENA_MAX: '2' } as const;
