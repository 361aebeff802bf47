import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { palette } from "../theme.js";

export interface Drawing {
  readonly context: CanvasRenderingContext2D;
  /** In CSS pixels; the canvas has as many device pixels as the screen. */
  readonly width: number;
  readonly height: number;
}

export interface CanvasProps {
  /** What a screen reader says of the picture. */
  readonly label: string;
  readonly class?: string;
  /** Width by height, where the style sheet does not say. */
  readonly aspect?: number;
  readonly draw: (drawing: Drawing) => void;
  readonly onPointer?: (x: number, y: number, event: PointerEvent) => void;
}

/** A picture that is drawn whenever it or its size changes. The style sheet gives it its size. */
export function Canvas({ label, class: kind = "", aspect, draw, onPointer }: CanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  latest.current = draw;
  // Whatever is drawn has the colours of the scheme; reading them here draws it again when they change.
  const { value: colours } = palette;

  const repaint = (): void => {
    const canvas = ref.current;
    const context = canvas?.getContext("2d");
    if (canvas === null || context == null) return;
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = Math.min(devicePixelRatio, 2);
    const [columns, rows] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== columns || canvas.height !== rows) [canvas.width, canvas.height] = [columns, rows];
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    if (width > 0 && height > 0) latest.current({ context, width, height });
  };
  useLayoutEffect(repaint, [draw, colours]);
  useEffect(() => {
    const observer = new ResizeObserver(repaint);
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, []);

  const point = (event: PointerEvent): void => {
    const { left, top } = ref.current!.getBoundingClientRect();
    onPointer?.(event.clientX - left, event.clientY - top, event);
  };
  const listeners = onPointer === undefined ? {} : { onPointerDown: point, onPointerMove: point, onPointerLeave: point, onPointerUp: point };
  return <canvas ref={ref} class={kind} role="img" aria-label={label} style={aspect === undefined ? undefined : { aspectRatio: String(aspect) }} {...listeners} />;
}
