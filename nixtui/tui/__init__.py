"""The app: what a person at a terminal sees and presses. It shows values, asks for plans and starts operations.

It knows the fleet only through `cockpit.Cockpit`, and nothing of SSH, AWS or processes.
"""

import os

for _each in ("TEXTUAL_LOG", "TEXTUAL_SCREENSHOT"):
    # Textual reads them when it is imported: its log has every key that is pressed and every text that is pasted,
    # and its timer takes a picture of whatever is shown. Both would have secrets.
    os.environ.pop(_each, None)
