"""The words of ``segadapt demo`` as a page that is served."""

import importlib.util
from collections.abc import Mapping
from typing import Any, Final

from segadapt.deployment.demo.listener import listen
from segadapt.text.borders import print_line

MOST: Final = 3
"""Maximum number of networks side by side."""

PORTS: Final = range(65536)


def demo_command(options: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Serve the page with the options of conf/demo.yaml, until the process is asked to stop.

    Args:
        options: A value for each of its keys.
        settings: Settings of the inference.

    Raises:
        ValueError: If an option does not fit, a network cannot be loaded, or Gradio is missing.
    """
    check(options)
    listener = listen(options["host"], options["port"])
    from segadapt.deployment.demo.answers import Answers
    from segadapt.deployment.demo.samples import offered_samples
    from segadapt.deployment.demo.server import prepared_server
    from segadapt.deployment.demo.uploads import Limits
    from segadapt.deployment.prediction_files.networks import open_networks

    networks = open_networks(options["run"], options, settings)
    for network in networks:
        if not network.model.trained.data.form.is_plain:
            raise ValueError(
                f"{network.title} was not trained on 8-bit RGB images, which the demo shows; use "
                "segadapt predict"
            )
    limits = Limits(options["max_pixels"], options["max_bytes"])
    samples = offered_samples(networks, options["images"], options["samples"], limits.pixels)
    print_line(f"networks: {', '.join(network.title for network in networks)}")
    print_line(f"samples: {samples.origin}")
    if not listener.is_local:
        print_line(f"note: host={listener.host} admits everyone who can reach this machine")
    answers = Answers(networks, samples, limits)
    server = prepared_server(listener, answers)
    print_line(f"open {listener.address} in a browser; Ctrl-C stops the demo")
    server.run(sockets=[listener.socket])


def check(options: Mapping[str, Any]) -> None:
    """Check the options before anything is loaded.

    Args:
        options: A value for each key of conf/demo.yaml.

    Raises:
        ValueError: If an option is invalid.
    """
    if len(options["run"]) > MOST:
        raise ValueError(f"run= names {len(options['run'])} runs; choose at most {MOST}")
    for key, least in (("max_pixels", 1), ("max_bytes", 1), ("samples", 0)):
        if options[key] < least:
            raise ValueError(f"{key}={options[key]} is out of range; choose {least} or more")
    if options["port"] not in PORTS:
        raise ValueError(f"port={options['port']} is out of range; choose 0 to {PORTS[-1]}")
    if importlib.util.find_spec("gradio") is None:
        raise ValueError("the demo needs gradio; install it with pip install 'segadapt[demo]'")
