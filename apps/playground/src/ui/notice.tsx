import type { ComponentChildren } from "preact";

export interface NoticeProps {
  readonly tone: "error" | "warning" | "success" | "info";
  readonly children: ComponentChildren;
}

const signs = { error: "✕", warning: "!", success: "✓", info: "i" } satisfies Record<NoticeProps["tone"], string>;

/** Something to know, where it arises. Errors interrupt a screen reader, everything else waits its turn. */
export function Notice({ tone, children }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`} role={tone === "error" ? "alert" : "status"}>
      <span class="notice-sign" aria-hidden="true">
        {signs[tone]}
      </span>
      <div>{children}</div>
    </div>
  );
}
