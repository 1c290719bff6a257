// A glass in three dimensions: atoms as shaded spheres, bonds, the periodic cell. WebGL 2 where there is one, else a 2-D canvas.
// The page holds the data as JSON in #scene (see report/scene.py); nothing is ever fetched.
"use strict";
(() => {
  const holder = document.getElementById("viewer");
  if (!holder) return;
  const scene = JSON.parse(document.getElementById("scene").textContent);
  const canvas = holder.querySelector("canvas");
  const count = scene.types.length;
  const cell = scene.cell;
  const middle = [0, 1, 2].map((k) => (cell[0][k] + cell[1][k] + cell[2][k]) / 2);
  const reach = 0.5 * Math.hypot(...[0, 1, 2].map((k) => cell[0][k] + cell[1][k] + cell[2][k]));
  const centres = new Float32Array(scene.positions.length);
  for (let i = 0; i < centres.length; i++) centres[i] = scene.positions[i] - middle[i % 3];

  const home = () => turned([0, 1, 0], -0.5, turned([1, 0, 0], 0.35, [1, 0, 0, 0, 1, 0, 0, 0, 1]));
  const view = { rotation: null, zoom: 1, slice: 1, spheres: "ball", bonds: true, box: true, shown: scene.elements.map(() => true) };
  view.rotation = home();

  // Row-major 3x3: rotation about a unit axis by an angle, applied after `before`.
  function turned([x, y, z], angle, before) {
    const c = Math.cos(angle), s = Math.sin(angle), t = 1 - c;
    const r = [t * x * x + c, t * x * y - s * z, t * x * z + s * y, t * x * y + s * z, t * y * y + c, t * y * z - s * x,
      t * x * z - s * y, t * y * z + s * x, t * z * z + c];
    return [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => r[3 * i] * before[j] + r[3 * i + 1] * before[3 + j] + r[3 * i + 2] * before[6 + j]));
  }

  // Every bond is two halves, each in its atom's colour and each leaving its own atom: a bond through the cell wall shows on both sides.
  function halfBonds() {
    const rows = new Float32Array((scene.bonds.length / 5) * 14);
    for (let b = 0, n = 0; b < scene.bonds.length; b += 5) {
      const [i, j, sx, sy, sz] = scene.bonds.slice(b, b + 5);
      const half = [0, 1, 2].map((k) => (centres[3 * j + k] + sx * cell[0][k] + sy * cell[1][k] + sz * cell[2][k] - centres[3 * i + k]) / 2);
      for (const [atom, other, sign] of [[i, j, 1], [j, i, -1]]) {
        rows.set([...centres.subarray(3 * atom, 3 * atom + 3), ...half.map((h) => sign * h), scene.types[atom] + 16 * scene.types[other]], n);
        n += 7;
      }
    }
    return rows;
  }

  function boxLines() {
    const corner = (a, b, c) => [0, 1, 2].map((k) => a * cell[0][k] + b * cell[1][k] + c * cell[2][k] - middle[k]);
    const ends = [];
    for (const [u, v] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
      ends.push(corner(0, u, v), corner(1, u, v), corner(u, 0, v), corner(u, 1, v), corner(u, v, 0), corner(u, v, 1));
    }
    return ends;
  }

  const colour = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16) / 255);
  function background() {
    const numbers = getComputedStyle(holder).backgroundColor.match(/[\d.]+/g).map(Number);
    return numbers.slice(0, 3).map((c) => c / 255);
  }
  const looks = () => scene.elements.flatMap((e, i) => [...colour(e.color), view.shown[i] ? e[view.spheres] : 0]);
  const DISTANCE = 3.4, BOND_RADIUS = 0.15;

  // ---------------------------------------------------------------- WebGL
  const PROJECT = `#version 300 es
    precision highp float;
    uniform mat3 rotation; uniform float reach, zoom, slice; uniform vec2 aspect; uniform vec4 looks[16];
    vec4 project(vec3 v) {               // v in units of the cell's reach, viewer on +z; linear depth in 0..1
      float w = ${DISTANCE.toFixed(1)} - v.z;
      return vec4(zoom * v.xy * aspect, (0.5 * (1.0 - v.z / 1.3) * 2.0 - 1.0) * w, w);
    }`;
  const SHADE = `#version 300 es
    precision highp float;
    uniform vec3 paper; out vec4 pixel;
    vec3 shade(vec3 base, vec3 n, float z) {
      float light = 0.5 + 0.6 * max(dot(n, normalize(vec3(-0.35, 0.55, 0.8))), 0.0);
      float shine = pow(max(dot(reflect(vec3(0.35, -0.55, -0.8) * 0.967, n), vec3(0.0, 0.0, 1.0)), 0.0), 24.0);
      vec3 lit = base * light * (0.68 + 0.32 * n.z) + 0.18 * shine;
      return mix(lit, paper, clamp(0.30 - 0.42 * z, 0.0, 0.72));
    }`;
  const PROGRAMS = {
    atoms: [PROJECT + `
      layout(location=0) in vec2 corner; layout(location=1) in vec3 centre; layout(location=2) in float kind;
      out vec2 at; out float z, radius; out vec3 base;
      void main() {
        vec4 look = looks[int(kind)]; vec3 v = rotation * centre / reach;
        at = corner; z = v.z; radius = look.a / reach; base = look.rgb;
        gl_Position = abs(v.z) > slice ? vec4(0.0, 0.0, 9.0, 1.0) : project(v + vec3(corner * radius, 0.0));
      }`, SHADE + `
      in vec2 at; in float z, radius; in vec3 base;
      void main() {
        float d = dot(at, at); if (d > 1.0) discard;
        vec3 n = vec3(at, sqrt(1.0 - d)); float depth = z + radius * n.z;
        gl_FragDepth = 0.5 * (1.0 - depth / 1.3);
        float edge = max(fwidth(d), 1e-4);
        pixel = vec4(shade(base, n, depth), smoothstep(0.0, edge, 1.0 - d));
      }`],
    bonds: [PROJECT + `
      layout(location=0) in vec2 place; layout(location=1) in vec3 start; layout(location=2) in vec3 half_bond; layout(location=3) in float kinds;
      out vec3 base, side, front; out float z, across;
      void main() {                      // a ribbon that faces the viewer and is shaded as a cylinder
        int kind = int(kinds) % 16, other = int(kinds) / 16;
        vec3 axis = rotation * half_bond / reach, v = rotation * start / reach;
        bool hidden = looks[kind].a == 0.0 || looks[other].a == 0.0 || abs(v.z) > slice;
        side = vec3(normalize(vec2(-axis.y, axis.x) + 1e-6), 0.0);
        front = normalize(cross(side, axis)); if (front.z < 0.0) front = -front;
        across = place.x; v += axis * place.y + side * across * ${BOND_RADIUS} / reach; z = v.z; base = looks[kind].rgb;
        gl_Position = hidden ? vec4(0.0, 0.0, 9.0, 1.0) : project(v);
      }`, SHADE + `
      in vec3 base, side, front; in float z, across;
      void main() { pixel = vec4(shade(base, side * across + front * sqrt(max(1.0 - across * across, 0.0)), z), 1.0); }`],
    box: [PROJECT + `
      layout(location=0) in vec3 end; out float z;
      void main() { vec3 v = rotation * end / reach; z = v.z; gl_Position = project(v); }`, SHADE + `
      uniform vec3 ink; in float z;
      void main() { pixel = vec4(mix(mix(paper, ink, 0.55), paper, clamp(0.3 - 0.3 * z, 0.0, 0.6)), 1.0); }`],
  };

  function compile(gl, [vertex, fragment]) {
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    return program;
  }

  // A vertex array: a mesh drawn once per row, with the columns of the row as attributes; without rows the mesh alone.
  function vertexArray(gl, mesh, meshSize, rows, sizes) {
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    const bind = (data) => { gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer()); gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW); };
    bind(new Float32Array(mesh));
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, meshSize, gl.FLOAT, false, 0, 0);
    if (!rows) return array;
    bind(rows);
    const stride = 4 * sizes.reduce((a, b) => a + b);
    for (let k = 0, offset = 0; k < sizes.length; offset += 4 * sizes[k], k++) {
      gl.enableVertexAttribArray(k + 1);
      gl.vertexAttribPointer(k + 1, sizes[k], gl.FLOAT, false, stride, offset);
      gl.vertexAttribDivisor(k + 1, 1);
    }
    return array;
  }

  function webgl() {
    const gl = canvas.getContext("webgl2", { antialias: true, alpha: false, preserveDrawingBuffer: true });
    if (!gl) return null;
    const programs = Object.fromEntries(Object.entries(PROGRAMS).map(([name, pair]) => [name, compile(gl, pair)]));
    const spheres = new Float32Array(4 * count);
    for (let i = 0; i < count; i++) spheres.set([...centres.subarray(3 * i, 3 * i + 3), scene.types[i]], 4 * i);
    const halves = halfBonds();
    const arrays = {
      atoms: vertexArray(gl, [-1, -1, 1, -1, -1, 1, 1, 1], 2, spheres, [3, 1]),
      bonds: vertexArray(gl, [-1, 0, 1, 0, -1, 1, 1, 1], 2, halves, [3, 3, 1]),
      box: vertexArray(gl, boxLines().flat(), 3),
    };
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.SAMPLE_ALPHA_TO_COVERAGE);
    function use(name, paper) {
      const program = programs[name], at = (uniform) => gl.getUniformLocation(program, uniform);
      gl.useProgram(program);
      gl.uniformMatrix3fv(at("rotation"), true, view.rotation);
      gl.uniform1f(at("reach"), reach);
      gl.uniform1f(at("zoom"), 3.6 * view.zoom);
      gl.uniform1f(at("slice"), view.slice);
      const short = Math.min(canvas.width, canvas.height);
      gl.uniform2f(at("aspect"), short / canvas.width, short / canvas.height);
      gl.uniform4fv(at("looks"), looks());
      gl.uniform3fv(at("paper"), paper);
      gl.uniform3fv(at("ink"), paper[0] > 0.5 ? [0.1, 0.14, 0.2] : [0.9, 0.92, 0.95]);
      gl.bindVertexArray(arrays[name]);
    }
    canvas.dataset.renderer = "webgl2";
    return () => {
      const paper = background();
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(...paper, 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      use("atoms", paper);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
      if (view.bonds && view.spheres === "ball" && halves.length) {
        use("bonds", paper);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, halves.length / 7);
      }
      if (view.box) {
        use("box", paper);
        gl.drawArrays(gl.LINES, 0, 24);
      }
    };
  }

  // ---------------------------------------------------------------- 2-D canvas
  function flat() {
    const context = canvas.getContext("2d");
    const halves = halfBonds();
    const balls = scene.elements.map((e) => {
      const ball = new OffscreenCanvas(64, 64), pen = ball.getContext("2d");
      const gradient = pen.createRadialGradient(24, 20, 2, 32, 32, 32);
      const tone = (f, add) => `rgb(${colour(e.color).map((c) => Math.min(255, 255 * (c * f + add))).join()})`;
      [[0, 1, 0.3], [0.35, 1, 0], [1, 0.5, 0]].forEach(([at, f, add]) => gradient.addColorStop(at, tone(f, add)));
      pen.fillStyle = gradient;
      pen.arc(32, 32, 31, 0, 7);
      pen.fill();
      return ball;
    });
    canvas.dataset.renderer = "canvas";
    return () => {
      const r = view.rotation, scale = (3.6 * view.zoom * Math.min(canvas.width, canvas.height)) / 2;
      const project = (x, y, z) => {
        const v = [0, 1, 2].map((i) => (r[3 * i] * x + r[3 * i + 1] * y + r[3 * i + 2] * z) / reach);
        const size = scale / (DISTANCE - v[2]);
        return [canvas.width / 2 + size * v[0], canvas.height / 2 - size * v[1], v[2], size];
      };
      const line = (from, to, width, style) => {
        context.strokeStyle = style;
        context.lineWidth = width;
        context.beginPath();
        context.moveTo(from[0], from[1]);
        context.lineTo(to[0], to[1]);
        context.stroke();
      };
      const style = getComputedStyle(holder);
      context.fillStyle = style.backgroundColor;
      context.fillRect(0, 0, canvas.width, canvas.height);
      if (view.box) {
        const ends = boxLines().map((e) => project(...e));
        for (let k = 0; k < ends.length; k += 2) line(ends[k], ends[k + 1], 1, style.color);
      }
      const jobs = [];
      for (let i = 0; i < count; i++) {
        const kind = scene.types[i], at = project(...centres.subarray(3 * i, 3 * i + 3));
        if (!view.shown[kind] || Math.abs(at[2]) > view.slice) continue;
        const size = (at[3] * scene.elements[kind][view.spheres]) / reach;
        jobs.push([at[2], () => context.drawImage(balls[kind], at[0] - size, at[1] - size, 2 * size, 2 * size)]);
      }
      for (let n = 0; view.bonds && view.spheres === "ball" && n < halves.length; n += 7) {
        const [x, y, z, dx, dy, dz, kinds] = halves.subarray(n, n + 7);
        const from = project(x, y, z), to = project(x + dx, y + dy, z + dz);
        if (!view.shown[kinds % 16] || !view.shown[Math.floor(kinds / 16)] || Math.abs(from[2]) > view.slice) continue;
        jobs.push([(from[2] + to[2]) / 2, () => line(from, to, (2 * BOND_RADIUS * from[3]) / reach, scene.elements[kinds % 16].color)]);
      }
      jobs.sort((a, b) => a[0] - b[0]).forEach(([, draw]) => draw());
    };
  }

  // ---------------------------------------------------------------- the reader's hand
  const draw = webgl() || flat();
  let waiting = false;
  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }
  function fit() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    draw();
  }
  function turn(dx, dy) { view.rotation = turned([0, 1, 0], dx, turned([1, 0, 0], dy, view.rotation)); redraw(); }
  function zoom(factor) { view.zoom = Math.min(12, Math.max(0.4, view.zoom * factor)); redraw(); }

  const fingers = new Map();
  const spread = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
  canvas.addEventListener("pointerdown", (e) => { canvas.focus({ preventScroll: true }); canvas.setPointerCapture(e.pointerId); fingers.set(e.pointerId, { x: e.clientX, y: e.clientY }); });
  canvas.addEventListener("pointermove", (e) => {
    const last = fingers.get(e.pointerId);
    if (!last) return;
    const before = fingers.size === 2 ? spread() : 0;
    fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (fingers.size === 2) zoom(spread() / before);
    else turn((e.clientX - last.x) * 0.008, (e.clientY - last.y) * 0.008);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (e) => fingers.delete(e.pointerId));
  // Until the picture has been clicked the wheel scrolls the page, so that nobody gets stuck on it.
  canvas.addEventListener("wheel", (e) => { if (document.activeElement === canvas) { e.preventDefault(); zoom(Math.exp(-e.deltaY * 0.0012)); } }, { passive: false });
  canvas.addEventListener("dblclick", () => { view.rotation = home(); view.zoom = 1; redraw(); });
  const KEYS = { ArrowLeft: () => turn(-0.1, 0), ArrowRight: () => turn(0.1, 0), ArrowUp: () => turn(0, -0.1), ArrowDown: () => turn(0, 0.1), "+": () => zoom(1.1), "-": () => zoom(1 / 1.1) };
  canvas.addEventListener("keydown", (e) => { if (KEYS[e.key]) { e.preventDefault(); KEYS[e.key](); } });
  const toggles = {
    element: (button) => { const k = Number(button.value); view.shown[k] = !view.shown[k]; return view.shown[k]; },
    bonds: () => (view.bonds = !view.bonds),
    box: () => (view.box = !view.box),
    filling: () => { view.spheres = view.spheres === "ball" ? "full" : "ball"; return view.spheres === "full"; },
  };
  for (const button of holder.querySelectorAll("button")) {
    button.addEventListener("click", () => { button.setAttribute("aria-pressed", String(Boolean(toggles[button.name](button)))); redraw(); });
  }
  holder.querySelector("input").addEventListener("input", (e) => { view.slice = Number(e.target.value); redraw(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new ResizeObserver(fit).observe(canvas);
  fit();
})();
