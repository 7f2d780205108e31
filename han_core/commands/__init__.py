"""What each command of the command line does, from parsed arguments to output: a file each.

``output`` holds what they share. Heavy imports wait until a command needs them, so that
``--help`` is quick.
"""
