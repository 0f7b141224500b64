/**
 * How the process of a service is started, here as in its image: what keeps its memory small and costs no speed
 * (docs/performance.md). Half of what a process held was young objects that nobody uses any more, and arenas of malloc
 * for threads that had once hashed a password.
 */
export const RUNTIME = {
  flags: ['--max-semi-space-size=16'],
  env: { MALLOC_ARENA_MAX: '2' },
} as const;
