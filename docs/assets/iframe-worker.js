// The search runs in a worker, and browsers start none for pages that are opened as files. There, a hidden frame of the
// page takes the worker's place. The theme looks for the name IFrameWorker.
"use strict";

class IFrameWorker extends EventTarget {
  constructor(url) {
    super();
    this.onmessage = null;
    this.frame = document.createElement("iframe");
    this.frame.hidden = true;
    document.body.append(this.frame);
    const inside = this.frame.contentWindow;
    inside.document.open();
    inside.document.write("<!doctype html><body></body>");
    inside.document.close();
    inside.postMessage = (message) => this.deliver(message);
    inside.importScripts = async (...scripts) => {
      for (const script of scripts) await IFrameWorker.load(inside.document, script);
    };
    this.ready = IFrameWorker.load(inside.document, url);
  }

  static load(document, url) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = resolve;
      script.onerror = reject;
      document.body.append(script);
    });
  }

  deliver(message) {
    const event = new MessageEvent("message", { data: structuredClone(message) });
    this.dispatchEvent(event);
    if (this.onmessage) this.onmessage(event);
  }

  postMessage(message) {
    const data = structuredClone(message);
    this.ready.then(() => {
      const inside = this.frame.contentWindow;
      inside.dispatchEvent(new inside.MessageEvent("message", { data }));
    });
  }

  terminate() {
    this.frame.remove();
  }
}

window.IFrameWorker = IFrameWorker;
if (location.protocol === "file:") window.Worker = IFrameWorker;
