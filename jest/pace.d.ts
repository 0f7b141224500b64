/** How many times longer than on a quick machine a fixed piece of work takes here and now; 1 at least. */
export function measurePace(): number;
