/** The mark: a tree trained flat, three tiers of arms on one stem, fruit on the lowest. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg class="logo" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <g fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">
        <path d="M16 30V3" />
        <path d="M16 25H8Q4 25 4 21V13M16 25H24Q28 25 28 21V13" />
        <path d="M16 18H11Q8 18 8 15V9M16 18H21Q24 18 24 15V9" />
        <path d="M16 11H14Q12 11 12 9V6M16 11H18Q20 11 20 9V6" />
      </g>
    </svg>
  );
}
