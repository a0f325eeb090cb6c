"""Go on with an interrupted training: python scripts/resume.py run=RUN_FOLDER."""

from segadapt.cli.hydra_command import resume

if __name__ == "__main__":
    resume()
